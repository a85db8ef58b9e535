/** Imports licenses from a file into a running instance, compared with multi-row INSERTs of the same events. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { request } from 'undici';
import { startInstance } from '../support/instance.ts';
import type { Figure } from './report.ts';

const LINES = 20_000;
const BATCH = 50;

export const run = async (): Promise<Figure[]> => {
  const instance = await startInstance();
  try {
    const { post, url, key } = instance;
    const product = await post('/api/v1/admin/products', { name: 'Bench', slug: 'bench', type: 'desktop' });
    const terms = { license_type: 'perpetual', license_model: 'standard' };
    const of = { product_id: product['id'] };
    const plan = await post('/api/v1/admin/plans', { ...of, name: 'Pro', slug: 'pro', ...terms });
    const lines = Array.from({ length: LINES }, (_, n) =>
      JSON.stringify({ ...of, plan_id: plan['id'], external_id: `b${n}`, email: `b${n}@example.com` }),
    );
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' };
    const start = performance.now();
    const sent = await request(`${url}/api/v1/admin/imports`, { method: 'POST', headers, body: lines.join('\n') });
    const { id } = (await sent.body.json()) as { id: string };
    for (;;) {
      const { body } = await request(`${url}/api/v1/admin/imports/${id}`, { headers });
      const job = (await body.json()) as { status: string; issued: number };
      if (job.status === 'finished') {
        if (job.issued !== LINES) throw new Error(`${job.issued} of ${LINES} licenses were issued`);
        break;
      }
      await sleep(20);
    }
    const perSecond = LINES / ((performance.now() - start) / 1000);
    const limit = {
      what: `the same events by INSERTs of ${BATCH} rows, rows/s`,
      value: await inserts(instance.databaseUrl),
    };
    return [{ what: 'import of licenses', value: perSecond, unit: 'licenses/s', limit, target: { atLeast: 2_000 } }];
  } finally {
    await instance.stop();
  }
};

const inserts = async (databaseUrl: string): Promise<number> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('create table limit_events (like licensing.events including all)');
    const start = performance.now();
    for (let n = 0; n < LINES; n += BATCH) {
      await client.query({
        name: 'limit',
        text: `insert into limit_events (id, stream_id, version, type, schema_version, data, metadata)
          select id || 'x', stream_id, version, type, schema_version, data, metadata
          from licensing.events where type = 'license.created' order by position limit ${BATCH} offset $1`,
        values: [n],
      });
    }
    return LINES / ((performance.now() - start) / 1000);
  } finally {
    await client.end();
  }
};
