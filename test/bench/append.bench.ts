/** The event store's appends beside a prepared INSERT, multi-row INSERTs of 50, and Emmett's published store. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { StreamType } from '#events/decider';
import { type BenchDatabase, type BenchStore, freshStore, startDatabase } from './database.ts';
import { measure, type Measured } from './measure.ts';
import { openEmmett } from './peers/emmett.mjs';
import type { Figure } from './report.ts';

const SECONDS = 4;
const CALLERS = [1, 16, 32, 100] as const;

/** About 300 bytes, the size of a typical event. */
const event = (n: number): { type: 'thing.done'; n: number; note: string } => ({
  type: 'thing.done',
  n,
  note: 'x'.repeat(220),
});

const things: StreamType<number, ReturnType<typeof event>> = {
  name: 'thing',
  initialState: 0,
  evolve: (count) => count + 1,
};

const metadata = { actor: { type: 'system', id: 'bench' }, correlation_id: 'bench' } as const;

export const run = async (): Promise<Figure[]> => {
  const database = await startDatabase();
  try {
    const single = await singleInserts(database);
    const batched = await batchedInserts(database);
    const emmett = await emmettAppends(database);
    const store = await freshStore(database, 'bench_append', { streams: [things], projections: [] });
    const figures: Figure[] = [];
    try {
      for (const callers of CALLERS)
        figures.push(...beside(callers, await appends(store, callers), { single, batched, emmett }));
    } finally {
      await store.close();
    }
    return figures;
  } finally {
    await database.stop();
  }
};

interface Limits {
  readonly single: Measured;
  readonly batched: Measured;
  readonly emmett: Measured;
}

const beside = (callers: number, { perSecond, p99 }: Measured, { single, batched, emmett }: Limits): Figure[] => {
  const figure = { value: perSecond, unit: 'events/s' };
  const what = `append, ${callers} caller${callers === 1 ? '' : 's'}`;
  if (callers === 1) {
    const limit = { what: '(a) prepared INSERT through pg, 1 caller', value: single.perSecond };
    return [{ ...figure, what, limit, target: { ratio: 0.7 } }];
  }
  if (callers !== 32) return [{ ...figure, what }];
  return [
    {
      ...figure,
      what,
      limit: { what: '(b) the same INSERT by pgbench, 32 clients', value: batched.perSecond },
      target: { ratio: 1 },
    },
    {
      ...figure,
      what,
      limit: { what: '(c) Emmett appendToStream, 32 callers', value: emmett.perSecond },
      target: { ratio: 5 },
    },
    { what: `${what}, p99`, value: p99, unit: 'ms' },
  ];
};

let stream = 0;
const appends = ({ store }: BenchStore, callers: number): Promise<Measured> =>
  measure(callers, SECONDS, (n) =>
    store.handle(things, `thing_${stream++}`, () => [event(n)], { metadata, expectedVersion: 0 }),
  );

const INSERT = `insert into plain_events (stream_id, version, type, data, metadata) values ($1, 1, 'thing.done', $2, '{}')`;

/** Limit (a): one prepared INSERT per event with the uniqueness check, nothing else, one caller. */
const singleInserts = async ({ url, query }: BenchDatabase): Promise<Measured> => {
  await query(
    `create table plain_events (position bigint generated always as identity primary key, stream_id text not null,
       version int not null, type text not null, data jsonb not null, metadata jsonb not null,
       recorded_at timestamptz not null default now(), unique (stream_id, version))`,
  );
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await measure(1, SECONDS, (n) =>
      client.query({ name: 'append', text: INSERT, values: [`single_${n}`, JSON.stringify(event(n))] }),
    );
  } finally {
    await client.end();
  }
};

/**
 * Limit (b): the same INSERT from 32 clients, with pgbench if it is installed; otherwise the rows that pg inserts 50 at a time.
 */
const batchedInserts = async (database: BenchDatabase): Promise<Measured> => {
  const perSecond = (await pgbench(database.url)) ?? (await rowsOfFifty(database.url));
  return { perSecond, p50: NaN, p99: NaN };
};

const pgbench = async (url: string): Promise<number | undefined> => {
  const folder = await mkdtemp(join(tmpdir(), 'keyledger-bench-'));
  const script = join(folder, 'insert.sql');
  const data = JSON.stringify(event(1));
  await writeFile(
    script,
    `insert into plain_events (stream_id, version, type, data, metadata) values ('pgbench_' || gen_random_uuid(), 1, 'thing.done', '${data}', '{}');\n`,
  );
  try {
    const args = ['-n', '-M', 'prepared', '-c', '32', '-j', '2', '-T', String(SECONDS), '-f', script, url];
    const { stdout } = await promisify(execFile)('pgbench', args);
    return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
};

const rowsOfFifty = async (url: string): Promise<number> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const text = `insert into plain_events (stream_id, version, type, data, metadata)
    select stream_id, 1, 'thing.done', $2, '{}' from unnest($1::text[]) as t(stream_id)`;
  try {
    const { perSecond } = await measure(1, SECONDS, (n) => {
      const streams = Array.from({ length: 50 }, (_, row) => `fifty_${n}_${row}`);
      return client.query({ name: 'fifty', text, values: [streams, JSON.stringify(event(n))] });
    });
    return perSecond * 50;
  } finally {
    await client.end();
  }
};

/** Limit (c): Emmett as published, with its defaults. */
const emmettAppends = async ({ url }: BenchDatabase): Promise<Measured> => {
  const emmett = openEmmett(url);
  try {
    const run = `emmett-${Date.now()}`;
    const append = (n: number): Promise<unknown> => {
      const { type, ...data } = event(n);
      return emmett.appendToStream(`${run}-${n}`, [{ type, data }]);
    };
    await append(-1);
    return await measure(32, SECONDS, append);
  } finally {
    await emmett.close();
  }
};
