import { readFile } from 'node:fs/promises';
import Type, { type Static } from 'typebox';
import { isProblem } from '#platform/http/problem';
import { StrictObject } from '#platform/http/schemas';
import { validator } from '#platform/http/validate';
import { createPlan } from '../../licensing/src/plans/plan.endpoints.ts';
import { createProduct } from '../../licensing/src/products/product.endpoints.ts';

const { product_id: _ofProduct, ...planFields } = createPlan.body.properties;

/** Products with their plans, each as `POST /admin/products` and `POST /admin/plans` take it. */
const Catalogue = StrictObject({
  products: Type.Array(
    StrictObject({ ...createProduct.body.properties, plans: Type.Array(StrictObject(planFields), { minItems: 1 }) }),
  ),
});
export type PlanCatalogue = Static<typeof Catalogue>;
type CatalogueProduct = PlanCatalogue['products'][number];

/** A plan of a catalogue, and the product that it belongs to. */
export interface CataloguePlan {
  readonly product: Omit<CatalogueProduct, 'plans'>;
  readonly plan: CatalogueProduct['plans'][number];
}

const validate = validator(Catalogue, 'body');

/** @throws Error that names the file, each place in it that is wrong, and the remedy */
export const readCatalogue = async (file: string): Promise<PlanCatalogue> => {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new Error(
      `The plan catalogue cannot be read: ${error.message}. Check --catalogue or KEYLEDGER_PLAN_CATALOGUE.`,
    );
  });
  return parseCatalogue(text, file);
};

/** @param file its name, for errors */
export const parseCatalogue = (text: string, file: string): PlanCatalogue => {
  let catalogue: unknown;
  try {
    catalogue = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new Error(`${file} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  try {
    validate(catalogue);
  } catch (error) {
    if (!isProblem(error)) throw error;
    throw new Error(
      [
        `${file} is not a plan catalogue. Correct these places:`,
        ...(error.extensions?.['errors'] as { pointer: string; detail: string }[]).map(
          ({ pointer, detail }) =>
            `  ${pointer || 'the file'} ${detail.replace('field of this request', 'known field')}`,
        ),
      ].join('\n'),
      { cause: error },
    );
  }
  return withoutTwins(catalogue as PlanCatalogue, file);
};

/**
 * The plan of a slug; undefined if the catalogue has none.
 * @throws Error if several products have one
 */
export const findPlan = ({ products }: PlanCatalogue, slug: string): CataloguePlan | undefined => {
  const [found, other] = products.flatMap(({ plans, ...product }) =>
    plans.filter((plan) => plan.slug === slug).map((plan) => ({ product, plan })),
  );
  if (found === undefined || other === undefined) return found;
  throw new Error(
    `The catalogue has a plan ${slug} in ${found.product.slug} and in ${other.product.slug}. Create it, then name it by its id.`,
  );
};

const withoutTwins = (catalogue: PlanCatalogue, file: string): PlanCatalogue => {
  catalogue.products.forEach(({ slug, plans }, n) => {
    if (catalogue.products.findIndex((other) => other.slug === slug) !== n)
      throw new Error(`${file}: /products/${n}/slug ${slug} is used twice. Give each product its own slug.`);
    plans.forEach((plan, m) => {
      if (plans.findIndex((other) => other.slug === plan.slug) !== m)
        throw new Error(
          `${file}: /products/${n}/plans/${m}/slug ${plan.slug} is used twice. Give each plan of a product its own slug.`,
        );
    });
  });
  return catalogue;
};
