import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { billingContracts } from '#domain/billing/contracts';
import { licensingContracts } from '#domain/licensing/contracts';
import { rebuildSubscribed } from '#events/projection/rebuild-subscribed';
import { rebuild } from '#events/projection/rebuild';
import { PostgresEventStore } from '#events/store/postgres-event-store';
import type { Clock } from '#platform/clock/clock';
import type { Config } from '#platform/config/config';
import { openKeyRing } from '#platform/crypto/key-ring';
import { keyWrapper } from '#platform/crypto/key-wrapper';
import { masterKeysOf } from '#platform/crypto/master-keys';
import { openEventSource } from '#platform/event-source';
import { billingService } from '../../apps/billing/src/billing.module.ts';
import { type Booked, brokenRules, unbalancedMoney } from './books.ts';

/** The database of an instance, its keys, and its business time. */
export interface Books {
  readonly databaseUrl: string;
  readonly config: Config;
  readonly clock: Clock;
}

const SCHEMA = billingService.name;
const BATCH = 5_000;

/**
 * Checks the whole log of billing, and that each of its tables can be rebuilt and is the same then. It waits until billing has
 * done what is due. Rebuilding knows the log alone: it has no provider that it could call.
 */
export const checkBooks = async ({ databaseUrl, config, clock }: Books): Promise<void> => {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    options: `-c search_path=${SCHEMA}`,
    max: 4,
    pipeline: true,
  });
  const onError = (error: unknown): void => console.error(error);
  const ring = await openKeyRing({ pool, schema: SCHEMA, masters: masterKeysOf(config), onError });
  const { streams, projections } = billingService;
  const store = await PostgresEventStore.open({ pool, schema: SCHEMA, streams, projections, keys: keyWrapper(ring) });
  try {
    const { log, unsettled } = await settled(store, pool, clock);
    expect(brokenRules(log)).toEqual([]);
    expect(unsettled).toEqual([]);
    expect(await differences({ pool, store, config, onError })).toEqual([]);
  } finally {
    await store.close();
    await ring.close();
    await pool.end();
  }
};

/** Pause between two looks at the log, in milliseconds, and how many looks are given to what follows it. */
const PAUSE_MS = 250;
const LOOKS = 80;

interface Settled {
  readonly log: readonly Booked[];
  /** What is still not done, and money that still does not add up. */
  readonly unsettled: readonly string[];
}

/** The whole log, once nothing is added to it between two looks and nothing is left to do: invoices follow their payments. */
const settled = async (store: PostgresEventStore, pool: pg.Pool, clock: Clock): Promise<Settled> => {
  for (let look = 1, before = -1; ; look++) {
    const log = await readLog(store);
    const unsettled = [...unbalancedMoney(log), ...(await unfinished(pool, clock.now()))];
    if ((unsettled.length === 0 && log.length === before) || look === LOOKS) return { log, unsettled };
    before = log.length;
    await setTimeout(PAUSE_MS);
  }
};

const readLog = async (store: PostgresEventStore): Promise<readonly Booked[]> => {
  const log: Booked[] = [];
  for (let after = 0; ;) {
    const events = await store.readAll({ after, limit: BATCH });
    log.push(...(events as unknown as readonly Booked[]));
    const last = events.at(-1);
    if (last === undefined || events.length < BATCH) return log;
    after = last.position;
  }
};

/** Documents that are about to be issued, charges without an invoice, and what is due. */
const unfinished = async (pool: pg.Pool, now: Date): Promise<readonly string[]> => {
  const { rows } = await pool.query<{ what: string }>(
    `select document_id || ' has no number, or is not issued' as what from unfinished_documents
      union all select invoice_id || ' of a charge is not issued' from uninvoiced_charges
      union all select id || ' (' || status || ') is due since ' || due_at from subscriptions where due_at <= $1
      union all select id || ' is overdue' from invoices
        where status = 'open' and not overdue and due_at < $1 and provider = 'bank_transfer'`,
    [now],
  );
  return rows.map(({ what }) => what);
};

interface Rebuilding {
  readonly pool: pg.Pool;
  readonly store: PostgresEventStore;
  readonly config: Config;
  readonly onError: (error: unknown) => void;
}

/** Tables that are not the same after they were rebuilt, as `keyledger projections rebuild` does it. */
const differences = async (rebuilding: Rebuilding): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const projection of billingService.projections)
    found.push(
      ...(await differencesOf(rebuilding.pool, projection.tables, () =>
        rebuild({ ...rebuilding, schema: SCHEMA, projection }),
      )),
    );
  for (const subscribed of billingService.subscribed) {
    const { tables } = subscribed.projection;
    found.push(...(await differencesOf(rebuilding.pool, tables, () => rebuildFromOthers(rebuilding, subscribed))));
  }
  return found;
};

const rebuildFromOthers = async (
  { pool, config, onError }: Rebuilding,
  { projection, subscription, sources }: (typeof billingService.subscribed)[number],
): Promise<unknown> => {
  const contracts = [...billingContracts, ...licensingContracts];
  const from = { subscriber: SCHEMA, pool, subscription, contracts, brokers: config.kafka_brokers, onError };
  const opened = sources.map((service) => openEventSource({ ...from, service, types: projection.types, anew: true }));
  try {
    return await rebuildSubscribed({ pool, schema: SCHEMA, projection, subscription, sources: opened });
  } finally {
    await Promise.all(opened.map((source) => source.close()));
  }
};

const differencesOf = async (
  pool: pg.Pool,
  tables: readonly string[],
  again: () => Promise<unknown>,
): Promise<readonly string[]> => {
  const live = await rowsOf(pool, tables);
  await again();
  const rebuilt = await rowsOf(pool, tables);
  return [
    ...[...live].filter((row) => !rebuilt.has(row)).map((row) => `live: ${row}`),
    ...[...rebuilt].filter((row) => !live.has(row)).map((row) => `rebuilt: ${row}`),
  ];
};

const rowsOf = async (pool: pg.Pool, tables: readonly string[]): Promise<ReadonlySet<string>> => {
  const all = new Set<string>();
  for (const table of tables) {
    const { rows } = await pool.query<{ row: string }>(
      `select to_jsonb(t)::text as row from ${pg.escapeIdentifier(table)} t order by 1`,
    );
    for (const { row } of rows) all.add(`${table} ${row}`);
  }
  return all;
};
