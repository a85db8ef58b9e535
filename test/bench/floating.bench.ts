/**
 * Checks sessions out and in again through HTTP on the process of `npm start`, for one license and for many, compared with the
 * bare server of floating-limit.ts.
 */
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startAndWaitFor, stop } from '../support/children.ts';
import { type Instance, startInstance } from '../support/instance.ts';
import { measure, type Measured } from './measure.ts';
import type { Figure } from './report.ts';
import { Wire } from './wire.ts';

const LICENSES = 1_000;
const CALLERS = 64;
const SECONDS = 8;

export const run = async (): Promise<Figure[]> => {
  const instance = await startInstance();
  try {
    const keys = await licenses(instance);
    const hot = await turns(instance.url, keys.slice(0, 1));
    const many = await turns(instance.url, keys);
    const limit = await bare(instance.databaseUrl);
    return [...figures('one license', hot, limit), ...figures('1,000 licenses', many, limit)];
  } finally {
    await instance.stop();
  }
};

const figures = (of: string, measured: Measured, limit: Measured): Figure[] => {
  const what = `checkout and checkin of ${of}, ${CALLERS} connections`;
  return [
    {
      what,
      value: measured.perSecond,
      unit: 'pairs/s',
      limit: { what: 'bare node:http + INSERT, DELETE, pairs/s', value: limit.perSecond },
      target: { atLeast: 2_000 },
    },
    {
      what: `${what}, p99 of a pair`,
      value: measured.p99,
      unit: 'ms',
      limit: { what: 'bare, ms', value: limit.p99 },
    },
  ];
};

const licenses = async ({ post }: Instance): Promise<string[]> => {
  const { id: product_id } = await post('/api/v1/admin/products', { name: 'Bench', slug: 'bench', type: 'desktop' });
  const shape = { license_type: 'perpetual', license_model: 'floating', max_activations: 100 };
  const { id: plan_id } = await post('/api/v1/admin/plans', { product_id, name: 'Pro', slug: 'pro', ...shape });
  const keys: string[] = [];
  for (let n = 0; n < LICENSES; n += CALLERS)
    await Promise.all(
      Array.from({ length: Math.min(CALLERS, LICENSES - n) }, async (_, more) => {
        const license = { product_id, plan_id, email: `user${n + more}@example.com` };
        keys.push(String((await post('/api/v1/admin/licenses', license))['license_key']));
      }),
    );
  return keys;
};

/** Checks a session out and in again, repeatedly. */
const turns = async (url: string, keys: readonly string[]): Promise<Measured> => {
  const wires = await Promise.all(Array.from({ length: CALLERS }, () => Wire.open(url)));
  const free = [...wires];
  try {
    return await measure(CALLERS, SECONDS, async (n) => {
      const wire = free.pop();
      if (wire === undefined) throw new Error('there are more callers than connections');
      const license_key = keys[n % keys.length];
      const identifier = `device-${n}`;
      const { session_id } = await wire.post('/api/v1/license/floating/checkout', { license_key, identifier });
      await wire.post('/api/v1/license/floating/checkin', { license_key, session_id });
      free.push(wire);
    });
  } finally {
    for (const wire of wires) wire.close();
  }
};

const bare = async (databaseUrl: string): Promise<Measured> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('create table limit_sessions (id bigint primary key)');
  await client.end();
  const program = fileURLToPath(new URL('floating-limit.ts', import.meta.url));
  const { child, match } = await startAndWaitFor([program, databaseUrl], /^(\d+)$/);
  try {
    return await turns(`http://127.0.0.1:${match[1]}`, ['']);
  } finally {
    await stop(child);
  }
};
