/**
 * Verification among many licences: `npm run bench -- scale`, by itself only, since filling takes its time.
 * `SIZES=10000,1000000,10000000` says among how many. Each size in an instance of its own, filled with copies of one licence
 * that was issued and activated through HTTP, under keys of their own.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { KEY_BYTES, licenseKey, normalizeLicenseKey } from '#domain/keys/license-key';
import { createMasterKey, type MasterKey } from '#platform';
import { type Instance, startInstance } from '../support/instance.ts';
import { load, type LoadRequest } from './load.ts';
import { measureCalls, type Measured } from './measure.ts';
import type { Figure } from './report.ts';

const SIZES = (process.env['SIZES'] ?? '10000,1000000').split(',').map(Number);
const ASKED = 10_000;
const WARM_UP = 3_000;
const BATCH = 20_000;
const DEVICE = 'device';
const CONNECTIONS = 16;
const SECONDS = 8;

interface AmongSo {
  readonly size: number;
  /** Each licence for the first time: from the database. */
  readonly first: Measured;
  /** The same ones over and over: from memory. */
  readonly again: Measured;
}

export const run = async (): Promise<Figure[]> => {
  const measured: AmongSo[] = [];
  for (const size of SIZES) measured.push(await among(size));
  const [base] = measured;
  return measured.flatMap((one) => [...figures(one, base, 'first'), ...figures(one, base, 'again')]);
};

const figures = (one: AmongSo, base: AmongSo | undefined, time: 'first' | 'again'): Figure[] => {
  const what = `verify among ${one.size.toLocaleString('en-US')}, ${time === 'first' ? 'for the first time' : 'again'}`;
  const beside =
    base === undefined || base === one
      ? {}
      : {
          limit: { what: `among ${base.size.toLocaleString('en-US')}, ms`, value: base[time].p99 },
          target: { ratioAtMost: 1.3 },
        };
  return [
    { what, value: one[time].perSecond, unit: 'requests/s' },
    { what: `${what}, p99`, value: one[time].p99, unit: 'ms', ...beside },
  ];
};

const among = async (size: number): Promise<AmongSo> => {
  const master = randomBytes(32);
  const instance = await startInstance({ KEYLEDGER_MASTER_KEY: master.toString('base64') });
  try {
    const template = await issueOne(instance);
    const keys = await fill(instance, template, size, createMasterKey(master));
    await settled(instance);
    const requests = keys.map(verifyRequest);
    const verify = async (n: number): Promise<void> => {
      const { valid } = await instance.post('/api/v1/license/verify', requests[n]?.body);
      if (valid !== true) throw new Error('a copied licence does not verify');
    };
    // Programs that have just begun are slow at first, whatever they do.
    await measureCalls(WARM_UP, CONNECTIONS, verify);
    const first = await measureCalls(requests.length - WARM_UP, CONNECTIONS, (n) => verify(WARM_UP + n));
    return { size, first, again: await load(instance.url, requests, CONNECTIONS, SECONDS) };
  } finally {
    await instance.stop();
  }
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

/** @returns keys of licences that lie scattered over all of them */
const fill = async (
  { databaseUrl }: Instance,
  template: string,
  size: number,
  master: MasterKey,
): Promise<string[]> => {
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c search_path=licensing' });
  await client.connect();
  try {
    const sample: string[] = [];
    const every = Math.max(1, Math.floor(size / ASKED));
    for (let from = 0; from < size; from += BATCH) {
      const keys = Array.from({ length: Math.min(BATCH, size - from) }, () => licenseKey(randomBytes(KEY_BYTES), null));
      sample.push(...keys.filter((_, n) => (from + n) % every === 0));
      await copy(
        client,
        template,
        from,
        keys.map((key) => master.hash('license-key', normalizeLicenseKey(key))),
      );
    }
    await client.query('vacuum analyze events');
    await client.query('vacuum analyze licenses');
    // What has just been written still fills the write-ahead log; its checkpoint shall not fall into the measurement.
    await client.query('checkpoint');
    return sample.slice(0, ASKED);
  } finally {
    await client.end();
  }
};

const copy = async (client: pg.Client, template: string, from: number, hashes: readonly string[]): Promise<void> => {
  const values = [template, from, hashes];
  const copies = `with copies as (select hash, 'lic_' || lpad(($2::bigint + n)::text, 26, '0') as copy
    from unnest($3::text[]) with ordinality as hashes(hash, n))`;
  await client.query({
    name: 'copy_events',
    text: `${copies}
      insert into events (id, stream_id, version, type, schema_version, data, metadata)
      select 'evt_' || copy || version, copy, version, type, schema_version,
        case when data ? 'key_hash' then jsonb_set(data, '{key_hash}', to_jsonb(hash)) else data end, metadata
      from copies, events where stream_id = $1 order by copy, version`,
    values,
  });
  await client.query({
    name: 'copy_rows',
    text: `${copies}
      insert into licenses select (jsonb_populate_record(licenses, jsonb_build_object('id', copy, 'key_hash', hash))).*
      from copies, licenses where id = $1`,
    values,
  });
};

/** Waits until the subscriptions have passed by all that was copied. */
const settled = async ({ url }: Instance): Promise<void> => {
  for (;;) {
    const page = await (await fetch(`${url}/metrics`)).text();
    const lags = [...page.matchAll(/^keyledger_subscription_lag_events\{.*\} (\S+)$/gm)].map(([, lag]) => Number(lag));
    if (lags.length > 0 && lags.every((lag) => lag === 0)) return;
    await sleep(500);
  }
};
