import type { CataloguePlan } from './plan-catalogue.ts';
import { ask, explained, type Target } from './target.ts';

/** Creates a plan, and its product, through the API. What exists already stays as it is. */
export const seedPlan = async ({ product, plan }: CataloguePlan, target: Target): Promise<void> => {
  const product_id = (await productOf(product.slug, target)) ?? (await created('/admin/products', product, target));
  const id = product_id ?? (await productOf(product.slug, target));
  if (id === undefined) throw new Error(`The product ${product.slug} cannot be seen with this API key.`);
  await created('/admin/plans', { ...plan, product_id: id }, target);
};

/** @returns undefined if the slug is taken: it exists already */
const created = async (path: string, body: object, target: Target): Promise<string | undefined> => {
  const reply = await ask(target, 'POST', path, body);
  if (reply.status === 201) return String(reply.body['id']);
  if (reply.body['code'] === 'SLUG_TAKEN') return undefined;
  throw new Error(`${path} answered ${explained(reply)}`);
};

const productOf = async (slug: string, target: Target): Promise<string | undefined> => {
  let cursor: unknown = null;
  do {
    const next = typeof cursor === 'string' ? `&cursor=${cursor}` : '';
    const reply = await ask(target, 'GET', `/admin/products?limit=200&q=${slug}${next}`);
    if (reply.status !== 200) throw new Error(`/admin/products answered ${explained(reply)}`);
    const products = reply.body['data'] as { readonly id: string; readonly slug: string }[];
    const found = products.find((product) => product.slug === slug);
    if (found !== undefined) return found.id;
    cursor = reply.body['next_cursor'];
  } while (typeof cursor === 'string');
  return undefined;
};
