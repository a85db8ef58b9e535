import Type, { type Static } from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, Page, PageQuery, StrictObject, Timestamp } from '#platform/http/schemas';
import { MOVE_OUTCOMES } from './price-migration.table.ts';

const TAG = 'Prices';
const auth = 'billing:write';

/** Failures that a migration shows itself; the list of its moves has all of them. */
export const SHOWN_FAILURES = 100;

const at = Type.Enum(['now', 'period_end'], {
  description:
    '`now`: each subscription changes at once and is charged prorations, as by change-plan. `period_end`: each changes when its period ends.',
});

export const PriceMigration = StrictObject(
  {
    id: Id('mig'),
    from: Id('price'),
    to: Id('price'),
    at,
    dry_run: Type.Boolean(),
    status: Type.Enum(['running', 'done']),
    total: Type.Integer({ description: 'Subscriptions that had the price when the migration began.' }),
    moved: Type.Integer({ description: 'In a dry run: how many would be moved.' }),
    skipped: Type.Integer({ description: 'Subscriptions that have the new price, or end with their period.' }),
    failed: Type.Integer(),
    failures: Type.Array(StrictObject({ subscription_id: Id('sub'), code: Type.String() }), {
      description: `The first ${SHOWN_FAILURES}; \`/moves?outcome=failed\` lists all.`,
    }),
    created_at: Timestamp,
    finished_at: Nullable(Timestamp),
  },
  { $id: 'PriceMigration' },
);
export type PriceMigration = Static<typeof PriceMigration>;

const Amount = Nullable(
  Type.Integer({ description: 'What a period costs, in minor units, without discounts, tax and usage.' }),
);

export const PriceMove = StrictObject(
  {
    subscription_id: Id('sub'),
    outcome: Nullable(
      Type.Enum([...MOVE_OUTCOMES], {
        description: 'null = not attended to yet. In a dry run, `moved` = would be moved.',
      }),
    ),
    code: Nullable(Type.String({ description: 'Why it was not moved.' })),
    from_amount: Amount,
    to_amount: Amount,
    effective_at: Nullable(Timestamp),
  },
  { $id: 'PriceMove' },
);
export type PriceMove = Static<typeof PriceMove>;

const params = StrictObject({ id: Id('mig') });
const NOT_FOUND = { status: 404, code: 'PRICE_MIGRATION_NOT_FOUND' };

export const migratePrice = endpoint({
  method: 'POST',
  path: '/admin/prices/:id/migrate',
  operation: 'migratePrice',
  tag: TAG,
  summary: 'Move the subscriptions of a price to another one, in the background',
  auth,
  params: StrictObject({ id: Id('price') }),
  body: StrictObject({
    to: Type.Unsafe<string>({ ...Id('price'), description: 'A price of the same product and currency that is sold.' }),
    at,
    dry_run: Type.Optional(
      Type.Boolean({ default: false, description: 'Lists what would change, and changes nothing.' }),
    ),
  }),
  answers: { 202: { description: 'The migration, which continues in the background.', schema: PriceMigration } },
  problems: [
    { status: 400, code: 'SAME_PRICE' },
    { status: 400, code: 'PRICE_NOT_RECURRING' },
    { status: 404, code: 'PRICE_NOT_FOUND' },
    { status: 409, code: 'PRICE_INACTIVE' },
    { status: 409, code: 'PLAN_OF_ANOTHER_PRODUCT' },
    { status: 409, code: 'CURRENCY_MISMATCH' },
  ],
});

export const listPriceMigrations = endpoint({
  method: 'GET',
  path: '/admin/price-migrations',
  operation: 'listPriceMigrations',
  tag: TAG,
  summary: 'List migrations of prices, newest first',
  auth,
  query: PageQuery({}),
  answers: { 200: { description: 'A page of migrations.', schema: Page(PriceMigration) } },
  problems: [],
});

export const readPriceMigration = endpoint({
  method: 'GET',
  path: '/admin/price-migrations/:id',
  operation: 'readPriceMigration',
  tag: TAG,
  summary: 'Read the progress of a migration of prices',
  auth,
  params,
  answers: { 200: { description: 'The migration.', schema: PriceMigration } },
  problems: [NOT_FOUND],
});

export const listPriceMoves = endpoint({
  method: 'GET',
  path: '/admin/price-migrations/:id/moves',
  operation: 'listPriceMoves',
  tag: TAG,
  summary: 'List the subscriptions of a migration with what changes, or would change, for each',
  auth,
  params,
  query: PageQuery({ outcome: Type.Optional(Type.Enum([...MOVE_OUTCOMES])) }),
  answers: { 200: { description: 'A page of subscriptions, oldest first.', schema: Page(PriceMove) } },
  problems: [NOT_FOUND],
});
