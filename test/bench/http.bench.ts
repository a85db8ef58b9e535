/**
 * Issue, activate and verify through HTTP on the process of `npm start`; verify is compared with the bare server of verify-
 * limit.ts.
 */
import { createHmac } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startAndWaitFor, stop } from '../support/children.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { load, type LoadRequest } from './load.ts';
import { measureCalls, type Measured } from './measure.ts';
import { residentMegabytes } from './process-costs.ts';
import type { Figure } from './report.ts';

const LICENSES = 10_000;
const SECONDS = 8;

export const run = async (): Promise<Figure[]> => {
  const instance = await startInstance();
  try {
    const rest = residentMegabytes(instance.pid);
    const { product, plan } = await catalogue(instance);
    const { keys, issue } = await issueAll(instance, product, plan);
    const activate = await activateAll(instance, keys);
    const verify = await load(instance.url, keys.map(verifyRequest), 16, SECONDS);
    const limit = await verifyLimit(instance.databaseUrl, keys);
    const beside = { what: 'bare node:http + one SELECT, requests/s', value: limit.perSecond };
    return [
      { what: 'issue, 32 connections', value: issue.perSecond, unit: 'requests/s' },
      { what: 'issue, p99', value: issue.p99, unit: 'ms' },
      { what: 'activate, 32 connections', value: activate.perSecond, unit: 'requests/s' },
      { what: 'activate, p99', value: activate.p99, unit: 'ms' },
      {
        what: 'verify, 16 connections',
        value: verify.perSecond,
        unit: 'requests/s',
        limit: beside,
        target: { ratio: 1.2 },
      },
      { what: 'verify, p99', value: verify.p99, unit: 'ms', limit: { what: 'bare, ms', value: limit.p99 } },
      { what: 'memory of the process at rest', value: rest, unit: 'MB', target: { atMost: 350 } },
      {
        what: 'memory after the benchmark',
        value: residentMegabytes(instance.pid),
        unit: 'MB',
        target: { atMost: 350 },
      },
    ];
  } finally {
    await instance.stop();
  }
};

const catalogue = async ({ post }: Instance): Promise<{ product: string; plan: string }> => {
  const product = await post('/api/v1/admin/products', { name: 'Bench', slug: 'bench', type: 'desktop' });
  const plan = await post('/api/v1/admin/plans', {
    product_id: product['id'],
    name: 'Pro',
    slug: 'pro',
    license_type: 'perpetual',
    license_model: 'standard',
    max_activations: 5,
  });
  return { product: String(product['id']), plan: String(plan['id']) };
};

const issueAll = async (
  { post }: Instance,
  product_id: string,
  plan_id: string,
): Promise<{ keys: string[]; issue: Measured }> => {
  const keys: string[] = [];
  const issue = await measureCalls(LICENSES, 32, async (n) => {
    const license = await post('/api/v1/admin/licenses', { product_id, plan_id, email: `user${n}@example.com` });
    keys[n] = String(license['license_key']);
  });
  return { keys, issue };
};

const device = (n: number): string => `device-${n}`;

const activateAll = ({ post }: Instance, keys: readonly string[]): Promise<Measured> =>
  measureCalls(keys.length, 32, (n) =>
    post('/api/v1/license/activate', { license_key: keys[n], identifier: device(n) }),
  );

const verifyRequest = (license_key: string, n: number): LoadRequest => ({
  method: 'POST',
  path: '/api/v1/license/verify',
  body: { license_key, identifier: device(n) },
});

const verifyLimit = async (databaseUrl: string, keys: readonly string[]): Promise<Measured> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const program = fileURLToPath(new URL('verify-limit.ts', import.meta.url));
  try {
    await client.query('create table limit_licenses (key_hash text primary key, data jsonb not null)');
    const hash = (key: string): string => createHmac('sha256', 'limit').update(key).digest('base64url');
    await client.query(
      `insert into limit_licenses select hash, jsonb_build_object('id', n, 'status', 'active', 'plan', 'pro', 'valid_until', null)
       from unnest($1::text[]) with ordinality as keys(hash, n)`,
      [keys.map(hash)],
    );
    await client.query('vacuum analyze limit_licenses');
    const { child, match } = await startAndWaitFor([program, databaseUrl], /^(\d+)$/);
    try {
      return await load(`http://127.0.0.1:${match[1]}`, keys.map(verifyRequest), 16, SECONDS);
    } finally {
      await stop(child);
    }
  } finally {
    await client.end();
  }
};
