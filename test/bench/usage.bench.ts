/**
 * Usage through HTTP on the process of `npm start`; in batches each record has its own key. Compared with a
 * multi-row INSERT of similar events into a table like the log's.
 */
import pg from 'pg';
import { type Instance, startInstance } from '../support/instance.ts';
import { load, type LoadRequest } from './load.ts';
import { measure, measureCalls, type Measured } from './measure.ts';
import type { Figure } from './report.ts';

const LICENSES = 10_000;
const SECONDS = 8;
const CALLERS = 64;
const BATCH = 1_000;
const BATCH_CALLERS = 8;

export const run = async (): Promise<Figure[]> => {
  const instance = await startInstance();
  try {
    const keys = await licensesOf(instance);
    const hot = await load(instance.url, keys.slice(0, 1).map(usageRequest), CALLERS, SECONDS);
    const many = await load(instance.url, keys.map(usageRequest), CALLERS, SECONDS);
    const batch = await batches(instance, () => keys[1] ?? '');
    const spread = await batches(instance, (n) => keys[n % LICENSES] ?? '');
    const [small, large] = [await rows(instance.databaseUrl, 50), await rows(instance.databaseUrl, BATCH)];
    return [
      ...single(`usage of one license, ${CALLERS} connections`, hot, small),
      ...single(`usage of ${LICENSES.toLocaleString('en-US')} licenses, ${CALLERS} connections`, many, small),
      ...inBatches(`usage of one license in batches of ${BATCH}, ${BATCH_CALLERS} callers`, batch, large),
      ...inBatches(`usage of many licenses in batches of ${BATCH}, ${BATCH_CALLERS} callers`, spread, large),
    ];
  } finally {
    await instance.stop();
  }
};

const single = (what: string, { perSecond, p99 }: Measured, limit: number): Figure[] => [
  {
    what,
    value: perSecond,
    unit: 'records/s',
    limit: { what: 'such events, INSERT of 50 rows, 1 connection', value: limit },
    target: { atLeast: 5_000 },
  },
  { what: `${what}, p99`, value: p99, unit: 'ms' },
];

const inBatches = (what: string, { perSecond, p99 }: Measured, limit: number): Figure[] => [
  {
    what,
    value: perSecond * BATCH,
    unit: 'records/s',
    limit: { what: `such events, INSERT of ${BATCH} rows, 1 connection`, value: limit },
    target: { atLeast: 30_000 },
  },
  { what: `${what}, p99 of a batch`, value: p99, unit: 'ms' },
];

const licensesOf = async ({ post }: Instance): Promise<string[]> => {
  const { id: product_id } = await post('/api/v1/admin/products', { name: 'Bench', slug: 'bench', type: 'saas' });
  const plan = { product_id, name: 'Pro', slug: 'pro', license_type: 'perpetual', license_model: 'standard' };
  const { id: plan_id } = await post('/api/v1/admin/plans', plan);
  const quota = { feature: 'calls', value_type: 'quota', value: Number.MAX_SAFE_INTEGER, quota_period: 'monthly' };
  await post(`/api/v1/admin/plans/${String(plan_id)}/entitlements`, quota);
  const keys: string[] = [];
  await measureCalls(LICENSES, 32, async (n) => {
    const license = await post('/api/v1/admin/licenses', { product_id, plan_id, email: `user${n}@example.com` });
    keys[n] = String(license['license_key']);
  });
  return keys;
};

const usageRequest = (license_key: string): LoadRequest => ({
  method: 'POST',
  path: '/api/v1/license/usage',
  body: { license_key, feature: 'calls', quantity: 1 },
});

let sent = 0;
const batches = ({ post }: Instance, keyOf: (n: number) => string): Promise<Measured> =>
  measure(BATCH_CALLERS, SECONDS, async (n) => {
    const timestamp = new Date().toISOString();
    const records = Array.from({ length: BATCH }, () => ({
      idempotency_key: `bench-${++sent}`,
      feature: 'calls',
      quantity: 1,
      timestamp,
    }));
    const { results } = await post('/api/v1/license/usage/batch', { license_key: keyOf(n), records });
    const refused = (results as { accepted: boolean }[]).filter(({ accepted }) => !accepted);
    if (refused.length > 0) throw new Error(`refused: ${JSON.stringify(refused[0])}`);
  });

/** The rate at which the disk and PostgreSQL accept such rows, with the indexes of the log and without any decision. */
const rows = async (databaseUrl: string, size: number): Promise<number> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      'drop table if exists limit_events; create table limit_events (like licensing.events including all)',
    );
    const { rows: some } = await client.query<{ data: string; metadata: string }>(
      `select data::text, metadata::text from licensing.events where type = 'usage.recorded' order by position desc limit 1`,
    );
    const { data = '{}', metadata = '{}' } = some[0] ?? {};
    const text = `insert into limit_events (id, stream_id, version, type, data, metadata)
      select id, stream_id, version, 'usage.recorded', $4::jsonb, $5::jsonb
      from unnest($1::text[], $2::text[], $3::int[]) as e(id, stream_id, version)`;
    const { perSecond } = await measure(1, SECONDS / 2, (n) => {
      const versions = Array.from({ length: size }, (_, row) => n * size + row + 1);
      const ids = versions.map((version) => `evt_${String(version).padStart(26, '0')}`);
      const streams = versions.map(() => 'lic_01jd1zx0h8e4rvy2m6k9w3q5tb/usage/calls');
      return client.query({ name: `rows_${size}`, text, values: [ids, streams, versions, data, metadata] });
    });
    return perSecond * size;
  } finally {
    await client.end();
  }
};
