import type { Pool } from 'pg';
import { eventually } from '../../../../test/support/app.ts';
import { freshServiceDatabase, type TestServiceDatabase } from '../../../../test/support/service-database.ts';
import { type KeyRing, openKeyRing } from './key-ring.ts';
import { sealedUnder } from './keys.ts';
import { createMasterKey } from './master-key.ts';
import type { MasterKeys } from './master-keys.ts';
import { keyStatus, resealTables, rewrapKeys } from './rotate-master.ts';
import type { SealedColumn } from './sealed-column.ts';

const [OLD, NEW] = [createMasterKey(Buffer.alloc(32, 1)), createMasterKey(Buffer.alloc(32, 2))];
const SECRETS: SealedColumn = {
  table: 'secrets',
  key: 'id',
  column: 'sealed',
  purpose: 'secret',
  context: (id) => `of ${id}`,
};

/** A rotation waits four times this interval: shorter than in production, but enough for two reads on a slow machine. */
const REFRESH_MS = 500;

describe('the keys of a service', () => {
  let database: TestServiceDatabase;
  let pool: Pool;
  const rings: KeyRing[] = [];
  const errors: string[] = [];

  const open = async (...masters: MasterKeys): Promise<KeyRing> => {
    const onError = (error: unknown): void => void errors.push(String(error));
    const ring = await openKeyRing({ pool, schema: 'test', masters, refreshMs: REFRESH_MS, onError });
    rings.push(ring);
    return ring;
  };
  const rotate = async (onProgress: (table: string, done: number, of: number) => void = () => undefined) => {
    const masters = [NEW, OLD] as const;
    const rotation = { pool, schema: 'test', columns: [SECRETS], masters, refreshMs: REFRESH_MS, onProgress };
    await rewrapKeys(rotation);
    await resealTables(rotation);
  };
  const insert = (ring: KeyRing, ids: readonly string[]) =>
    pool.query('insert into secrets select * from unnest($1::text[], $2::text[])', [
      ids,
      ids.map((id) => ring.seal('secret', `secret ${id}`, `of ${id}`)),
    ]);
  const all = async (): Promise<{ id: string; sealed: string }[]> =>
    (await pool.query<{ id: string; sealed: string }>('select id, sealed from secrets order by id')).rows;
  const plain = (ring: KeyRing, { id, sealed }: { id: string; sealed: string }): string =>
    Buffer.from(ring.open('secret', sealed, `of ${id}`)).toString();

  beforeEach(async () => {
    errors.length = 0;
    database = await freshServiceDatabase('test');
    pool = database.pool;
    await pool.query('create table secrets (id text primary key, sealed text not null)');
  });
  afterEach(async () => {
    await Promise.all(rings.splice(0).map((ring) => ring.close()));
    await database.drop();
  });

  it('are made once when two instances start together, and the master key cannot open what they seal', async () => {
    const [one, two] = await Promise.all([open(OLD), open(OLD)]);
    const sealed = one.seal('secret', 'text', 'context');
    expect(Buffer.from(two.open('secret', sealed, 'context')).toString()).toBe('text');
    expect(() => OLD.open('secret', sealed, 'context')).toThrow('another master key');
    expect(() => two.open('secret', sealed, 'another')).toThrow();
    expect((await keyStatus({ pool, columns: [] })).keys).toHaveLength(2);
  });

  it('open values that were sealed before a service had its own keys, and hash as before', async () => {
    const ring = await open(OLD);
    expect(Buffer.from(ring.open('secret', OLD.seal('secret', 'text'))).toString()).toBe('text');
    expect(ring.hash('customer', 'ada@example.com')).toBe(OLD.hash('customer', 'ada@example.com'));
    await pool.query('delete from root_keys');
    const late = await open(NEW, OLD);
    expect(late.hash('customer', 'ada@example.com')).toBe(OLD.hash('customer', 'ada@example.com'));
  });

  it('cannot be opened with another master key, and the error names the missing one', async () => {
    await open(OLD);
    await expect(open(NEW)).rejects.toThrow(new RegExp(`${OLD.kid}.*KEYLEDGER_PREVIOUS_MASTER_KEYS`));
    await open(NEW, OLD);
  });

  it('move to another master key with all table values; values in events can still be opened', async () => {
    const before = await open(OLD);
    const inEvents = before.seal('license-key', 'KEY-1', 'lic_1');
    const hash = before.hash('license-key', 'KEY1');
    await insert(
      before,
      Array.from({ length: 1_234 }, (_, n) => `s${n}`),
    );
    await pool.query(`insert into person_keys (person_id, sealed_key) values ('cus_1', $1)`, [
      Buffer.from(OLD.seal('person-key', 'key of a person')),
    ]);
    const progress: string[] = [];
    await rotate((table, done, of) => progress.push(`${table} ${done} of ${of}`));
    expect(progress).toEqual([
      'person_keys 0 of 1',
      'person_keys 1 of 1',
      'secrets 0 of 1234',
      'secrets 500 of 1234',
      'secrets 1000 of 1234',
      'secrets 1234 of 1234',
    ]);

    const after = await open(NEW);
    const rows = await all();
    expect(rows.map((row) => plain(after, row))).toEqual(rows.map(({ id }) => `secret ${id}`));
    expect(Buffer.from(after.open('license-key', inEvents, 'lic_1')).toString()).toBe('KEY-1');
    expect(after.hash('license-key', 'KEY1')).toBe(hash);
    // The old master key opens nothing in the new tables.
    const under = rows.map(({ sealed }) => sealedUnder(sealed));
    expect(new Set(under)).toEqual(new Set([sealedUnder(after.seal('secret', 'text'))]));
    await expect(open(OLD)).rejects.toThrow('another master key');
    const { keys, behind } = await keyStatus({ pool, columns: [SECRETS] });
    expect(new Set(keys.map(({ wrapped_under }) => wrapped_under))).toEqual(new Set([NEW.kid]));
    expect(behind).toEqual({ person_keys: 0, commands: 0, secrets: 0 });
  });

  it('can be rotated while several instances seal and open', async () => {
    // Creates the keys, and knows only the old master key: it works until its next start.
    await open(OLD);
    const restarted = await Promise.all([open(NEW, OLD), open(NEW, OLD)]);
    const stop = new AbortController();
    let count = 0;
    const work = restarted.map(async (ring, at) => {
      while (!stop.signal.aborted) {
        await insert(ring, [`w${at}-${count++}`]);
        for (const row of (await all()).slice(-5)) for (const other of restarted) plain(other, row);
      }
    });
    const settled = Promise.allSettled(work);
    try {
      await rotate();
    } finally {
      stop.abort();
    }
    for (const result of await settled) expect(result).toMatchObject({ status: 'fulfilled' });
    expect((await keyStatus({ pool, columns: [SECRETS] })).behind).toEqual({ person_keys: 0, commands: 0, secrets: 0 });
    const fresh = await open(NEW);
    const rows = await all();
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) plain(fresh, row);
    expect(errors.filter((message) => message.includes(OLD.kid))).not.toEqual([]);
  });

  it('skip a locked row, and reseal it when the lock is released', async () => {
    await insert(await open(OLD), ['free', 'held']);
    const client = await pool.connect();
    await client.query('begin');
    await client.query(`select from secrets where id = 'held' for update`);
    const seen: string[] = [];
    const rotating = rotate((table, done, of) => seen.push(`${table} ${done} of ${of}`));
    try {
      await eventually(() => seen.includes('secrets 1 of 2'));
    } finally {
      await client.query('rollback');
      client.release();
      await rotating;
    }
    expect(seen.at(-1)).toBe('secrets 2 of 2');
  });
});
