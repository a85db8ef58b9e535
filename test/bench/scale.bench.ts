/**
 * Verification among many licenses: `npm run bench -- scale`. It runs only on its own because filling takes long.
 * `SIZES=10000,1000000,10000000` sets the numbers of licenses. Each size has its own instance, filled with copies of one license
 * that was issued and activated through HTTP, with their own keys and customers. All instances are filled first, then measured in
 * turns: the speed of a shared machine changes over time.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { normalizeLicenseKey } from '#client/key-text';
import { KEY_BYTES, licenseKey } from '#domain/licensing/license-key/license-key';
import { licenseStream } from '#domain/licensing/license/license';
import { PersonalData } from '#events/store/personal';
import type { EventData } from '#events/store/upcast';
import { type KeyRing, openKeyRing } from '#platform/crypto/key-ring';
import { keyWrapper } from '#platform/crypto/key-wrapper';
import { createMasterKey } from '#platform/crypto/master-key';
import { type Instance, startInstance } from '../support/instance.ts';
import { load, type LoadRequest } from './load.ts';
import { measureCalls, type Measured } from './measure.ts';
import type { Figure } from './report.ts';

const SIZES = (process.env['SIZES'] ?? '10000,1000000').split(',').map(Number);
const ASKED = 10_000;
const WARM_UP = 3_000;
const ROUNDS = 5;
const BATCH = 10_000;
const DEVICE = 'device';
const CONNECTIONS = 16;
const SECONDS = 3;

type Time = 'first' | 'again';

interface AmongSo {
  readonly size: number;
  readonly instance: Instance;
  /** Keys of licenses spread over all of them. */
  readonly requests: readonly LoadRequest[];
  /** Each license for the first time, from the database; then the same ones repeatedly, from memory. By rounds. */
  readonly rounds: Readonly<Record<Time, Measured[]>>;
}

export const run = async (): Promise<Figure[]> => {
  const all: AmongSo[] = [];
  try {
    for (const size of SIZES) all.push(await among(size));
    // A process that has just started is slow at first.
    for (const one of all) await ask(one, 0, WARM_UP);
    const calls = (ASKED - WARM_UP) / ROUNDS;
    for (let round = 0; round < ROUNDS; round++)
      for (const one of all) one.rounds.first.push(await ask(one, WARM_UP + round * calls, calls));
    for (let round = 0; round < ROUNDS; round++)
      for (const one of all) one.rounds.again.push(await load(one.instance.url, one.requests, CONNECTIONS, SECONDS));
    return all.flatMap((one) => [...figures(one, all[0], 'first'), ...figures(one, all[0], 'again')]);
  } finally {
    for (const { instance } of all) await instance.stop();
  }
};

const ask = ({ instance, requests }: AmongSo, from: number, calls: number): Promise<Measured> =>
  measureCalls(calls, CONNECTIONS, async (n) => {
    const { valid } = await instance.post('/api/v1/license/verify', requests[from + n]?.body);
    if (valid !== true) throw new Error('a copied license does not verify');
  });

const figures = (one: AmongSo, base: AmongSo | undefined, time: Time): Figure[] => {
  const what = `verify among ${one.size.toLocaleString('en-US')}, ${time === 'first' ? 'for the first time' : 'again'}`;
  const beside =
    base === undefined || base === one
      ? {}
      : {
          limit: { what: `among ${base.size.toLocaleString('en-US')}, ms`, value: median(base, time, 'p99') },
          target: { ratioAtMost: 1.3 },
        };
  return [
    { what, value: median(one, time, 'perSecond'), unit: 'requests/s' },
    { what: `${what}, p99`, value: median(one, time, 'p99'), unit: 'ms', ...beside },
  ];
};

const median = ({ rounds }: AmongSo, time: Time, of: keyof Measured): number =>
  rounds[time].map((round) => round[of]).toSorted((a, b) => a - b)[ROUNDS >> 1] ?? NaN;

const among = async (size: number): Promise<AmongSo> => {
  const master = randomBytes(32);
  const instance = await startInstance({ KEYLEDGER_MASTER_KEY: master.toString('base64') });
  const requests = (await fill(instance, await issueOne(instance), size, master)).map(verifyRequest);
  await settled(instance);
  return { size, instance, requests, rounds: { first: [], again: [] } };
};

const verifyRequest = (license_key: string): LoadRequest => ({
  method: 'POST',
  path: '/api/v1/license/verify',
  body: { license_key, identifier: DEVICE },
});

const issueOne = async ({ post }: Instance): Promise<string> => {
  const product = await post('/api/v1/admin/products', { name: 'Bench', slug: 'bench', type: 'desktop' });
  const of = { product_id: product['id'] };
  const terms = { license_type: 'perpetual', license_model: 'standard', max_activations: 5 };
  const plan = await post('/api/v1/admin/plans', { ...of, name: 'Pro', slug: 'pro', ...terms });
  const license = await post('/api/v1/admin/licenses', { ...of, plan_id: plan['id'], email: 'ada@example.com' });
  await post('/api/v1/license/activate', { license_key: license['license_key'], identifier: DEVICE });
  return String(license['id']);
};

/** @returns keys of licenses spread over all of them */
const fill = async (
  { databaseUrl }: Instance,
  template: string,
  size: number,
  master: Uint8Array,
): Promise<string[]> => {
  const pool = new pg.Pool({ connectionString: databaseUrl, options: '-c search_path=licensing', max: 4 });
  const masters = [createMasterKey(master)] as const;
  const ring = await openKeyRing({ pool, schema: 'licensing', masters, onError: complain });
  try {
    const sample: string[] = [];
    const every = Math.max(1, Math.floor(size / ASKED));
    const copies = await copier(pool, ring, template);
    let written = Promise.resolve();
    for (let from = 0; from < size; from += BATCH) {
      const keys = Array.from({ length: Math.min(BATCH, size - from) }, () =>
        licenseKey(() => randomBytes(KEY_BYTES), null),
      );
      sample.push(...keys.filter((_, n) => (from + n) % every === 0));
      const hashes = keys.map((key) => ring.hash('license-key', normalizeLicenseKey(key)));
      const write = await copies(from, hashes);
      // The next rows are prepared while these are written.
      await written;
      written = write();
    }
    await written;
    for (const table of ['events', 'licenses', 'person_keys']) await pool.query(`vacuum analyze ${table}`);
    // The rows just written still fill the write-ahead log. The checkpoint runs now, so that it does not happen during the
    // measurement.
    await pool.query('checkpoint');
    return sample.slice(0, ASKED);
  } finally {
    await ring.close();
    await pool.end();
  }
};

const complain = (error: unknown): never => {
  throw error instanceof Error ? error : new Error(String(error));
};

type Copies = (from: number, hashes: readonly string[]) => Promise<() => Promise<void>>;

/**
 * @returns a function that copies a license starting at a number, each copy with its own customer and its own key hash, and
 *   returns a function that writes the copies
 */
const copier = async (pool: pg.Pool, ring: KeyRing, template: string): Promise<Copies> => {
  const personal = new PersonalData(pool, keyWrapper(ring), [licenseStream]);
  const { rows: events } = await pool.query<{ id: string; type: string; version: number; data: EventData }>(
    'select id, type, version, data from events where stream_id = $1',
    [template],
  );
  await personal.open(events);
  return async (from, hashes) => {
    const numbers = hashes.map((_, n) => String(from + n).padStart(26, '0'));
    const people = await personal.keysOf(new Set(numbers.map((number) => `cus_${number}`)));
    const copies = numbers.flatMap((number, n) =>
      events.map(({ type, version, data }) => {
        const id = `evt_${number}${version}`;
        const key = 'key_hash' in data ? { key_hash: hashes[n] } : {};
        const event = { type, ...data, customer_id: `cus_${number}`, ...key };
        return { id, stream_id: `lic_${number}`, version, data: JSON.stringify(personal.seal(id, event, people)) };
      }),
    );
    return async () => {
      await pool.query({
        name: 'copy_events',
        text: `insert into events (id, stream_id, version, type, schema_version, data, metadata)
        select c.id, c.stream_id, c.version, e.type, e.schema_version, c.data, e.metadata
        from unnest($1::text[], $2::text[], $3::int[], $4::jsonb[]) as c(id, stream_id, version, data)
        join events e on e.stream_id = $5 and e.version = c.version`,
        values: [
          ...(['id', 'stream_id', 'version', 'data'] as const).map((of) => copies.map((copy) => copy[of])),
          template,
        ],
      });
      await pool.query({
        name: 'copy_rows',
        text: `insert into licenses select copy.*
        from unnest($1::text[], $2::text[]) as c(number, hash)
        join licenses on id = $3
        cross join lateral jsonb_populate_record(licenses,
          jsonb_build_object('id', 'lic_' || number, 'customer_id', 'cus_' || number, 'key_hash', hash)) copy`,
        values: [numbers, hashes, template],
      });
    };
  };
};

/** Waits until the subscriptions have processed or skipped all copied events. */
const settled = async ({ url }: Instance): Promise<void> => {
  for (;;) {
    const page = await (await fetch(`${url}/metrics`)).text();
    const lags = [...page.matchAll(/^keyledger_subscription_lag_events\{.*\} (\S+)$/gm)].map(([, lag]) => Number(lag));
    if (lags.length > 0 && lags.every((lag) => lag === 0)) return;
    await sleep(500);
  }
};
