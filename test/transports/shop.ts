import pg, { type Pool, type PoolClient } from 'pg';
// Imported by their own paths: Node runs this file in child processes without compiling decorators, which the index imports.
import type { EventContract } from '#events/contract';
import type { StreamType } from '#events/decider';
import type { PublishedEvent, RecordedEvent } from '#events/event';
import { recordedFrom } from '#events/projection/recorded';
import { tableProjection } from '#events/projection/table';
import type { Subscription } from '#events/source';
import { PostgresEventStore } from '#events/store/postgres-event-store';
import { migrateEventStore } from '#events/store/schema';
import { migrateSubscriptions } from '#events/subscription/schema';

/**
 * Two services that communicate through events: the shop counts the sales of its items; the ledger keeps totals and
 * records each effect in the order of occurrence. Each test uses a shop with another name, since topics are named after it.
 */
export type ShopEvent =
  | { readonly type: 'item.sold'; readonly pieces: number; readonly secret: string }
  /** Internal event: it has no contract, so it is not published. */
  | { readonly type: 'item.counted'; readonly pieces: number };

export const items: StreamType<number, ShopEvent> = {
  name: 'item',
  initialState: 0,
  evolve: (sold, event) => (event.type === 'item.sold' ? sold + event.pieces : sold),
  upcasters: { 'item.sold': { 1: ({ number, ...rest }) => ({ pieces: number, ...rest }) } },
};

const sold = (service: string): EventContract<Extract<ShopEvent, { type: 'item.sold' }>> => ({
  type: 'item.sold',
  service,
  schema_version: 1,
  description: 'Pieces of an item were sold.',
  data: {
    type: 'object',
    properties: { pieces: { type: 'integer' }, product_id: { type: 'null' } },
    required: ['pieces', 'product_id'],
    additionalProperties: false,
  },
  subject: 'item_1',
  example: { pieces: 3, product_id: null },
  publish: ({ pieces }) => ({ pieces, product_id: null }),
  upcasters: items.upcasters?.['item.sold'],
});

export const contractsOf = (shop: string): readonly EventContract<never>[] =>
  [sold(shop)] as unknown as EventContract<never>[];

export interface TotalRow {
  readonly id: string;
  readonly version: number;
  readonly pieces: number;
}

interface Sold {
  readonly type: 'item.sold';
  readonly data: { readonly pieces: number };
}

export const totals = tableProjection<TotalRow, Sold>({
  table: { name: 'totals', key: ['id'], columns: { id: 'text', version: 'integer', pieces: 'integer' } },
  types: ['item.sold'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { stream_id, version, event }: RecordedEvent<Sold>) => ({
    id: stream_id,
    version,
    pieces: (row?.pieces ?? 0) + event.data.pieces,
  }),
});

/** Projects the totals and records each effect. `before` may throw, as handlers do; `share` is the batch size. */
export const ledger = (
  shop: string,
  before: (batch: readonly PublishedEvent[]) => void | Promise<void> = () => undefined,
  share?: number,
): Subscription => ({
  name: 'totals',
  sources: [shop],
  types: ['item.*'],
  handle: async (batch, tx) => {
    const taken = batch.slice(0, share);
    await before(taken);
    await totals.handle(taken.map(recordedFrom), tx);
    await note(tx, taken);
    return taken.length;
  },
});

const note = async (tx: PoolClient, batch: readonly PublishedEvent[]): Promise<void> => {
  await tx.query(
    `insert into effects (event_id, subject, version)
     select event_id, subject, version from unnest($1::text[], $2::text[], $3::int[])
       with ordinality as e(event_id, subject, version, n) order by n`,
    [batch.map(({ id }) => id), batch.map(({ subject }) => subject), batch.map(({ streamversion }) => streamversion)],
  );
};

/** One piece of an item was sold. */
export const sale = (): ShopEvent[] => [{ type: 'item.sold', pieces: 1, secret: 'for nobody else' }];

export const poolOf = (url: string, schema: string, name = schema): Pool => {
  const pool = new pg.Pool({
    connectionString: url,
    options: `-c search_path=${schema}`,
    application_name: name,
    max: 10,
    pipeline: true,
  });
  // Connections are cut on purpose here, by tests and at the end of tests.
  pool.on('error', () => undefined);
  return pool;
};

export const openShop = (pool: Pool, shop: string): Promise<PostgresEventStore> =>
  PostgresEventStore.open({
    pool,
    schema: shop,
    streams: [items],
    projections: [],
    keys: { wrap: (key) => key, unwrap: (key) => key },
  });

export const migrate = async (url: string, shop: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const schema of [shop, 'ledger']) {
    await client.query(`create schema ${schema}`);
    await migrateEventStore(client, schema);
    await migrateSubscriptions(client, schema);
  }
  await client.query(`
    create table ledger.totals (id text primary key, version integer not null, pieces integer not null);
    create table ledger.effects (n bigint generated always as identity primary key,
      event_id text not null, subject text not null, version integer not null);
  `);
  await client.end();
};
