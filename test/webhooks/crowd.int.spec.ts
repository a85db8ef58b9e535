import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import pg from 'pg';
import { request } from 'undici';
import { eventually } from '../support/app.ts';
import type { CrowdReceived } from './crowd-sink.ts';
import { QUICK, startSink, startWebhooks, type Webhooks } from './harness.ts';

const ENDPOINTS = 1_000;
const EVENTS = 100;

const json = async <T>(url: string): Promise<T> => (await (await request(url)).body.json()) as T;

let app: Webhooks;
let crowd: Worker | undefined;
afterEach(async () => {
  await app.close();
  await crowd?.terminate();
});

it(`${EVENTS} events reach each of ${ENDPOINTS} endpoints once, and the endpoint of another product does not wait for them`, async () => {
  app = await startWebhooks({ ...QUICK, poll: 500 });
  crowd = new Worker(new URL('./crowd-sink.ts', import.meta.url));
  const [port] = (await once(crowd, 'message')) as [number];
  const url = `http://127.0.0.1:${port}`;
  const received = (): Promise<CrowdReceived> => json(`${url}/received`);
  const [product, other] = [await app.product(), await app.product()];
  for (let n = 0; n < ENDPOINTS; n += 50) {
    const some = Array.from({ length: 50 }, (_, m) => `${url}/${n + m}`);
    await Promise.all(some.map((url) => app.webhook(url, { product_id: product })));
  }
  await app.webhook(`${url}/alone`, { product_id: other });
  const events = await Promise.all(Array.from({ length: EVENTS }, () => app.suspend(product)));
  await eventually(async () => (await received()).events > 1_000);
  await app.suspend(other);
  await eventually(async () => (await received()).events === ENDPOINTS * EVENTS);
  const { requests, before } = await received();
  expect(requests).toBe(ENDPOINTS * EVENTS);
  expect(before).toBeLessThan(ENDPOINTS * EVENTS * 0.7);
  const ids = await json<Record<string, string[]>>(`${url}/ids`);
  expect(Object.keys(ids)).toHaveLength(ENDPOINTS);
  for (const each of Object.values(ids)) expect(new Set(each)).toEqual(new Set(events));
  const database = new pg.Client(app.databaseUrl);
  await database.connect();
  const pending = `select from webhooks.deliveries where status = 'pending' limit 1`;
  await eventually(async () => (await database.query(pending)).rowCount === 0);
  await database.end();
});

it('an endpoint that answers after thirty deliveries to a fast one does not slow the fast one down', async () => {
  app = await startWebhooks({ ...QUICK, headersTimeout: 600_000 });
  const TAKES = 30;
  const held: { until: number; answer: () => unknown }[] = [];
  const fast = await startSink((_, response) => {
    response.writeHead(204).end();
    while (held[0] !== undefined && held[0].until <= fast.received.length) held.shift()?.answer();
  });
  const slow = await startSink((_, response) =>
    held.push({ until: fast.received.length + TAKES, answer: () => response.writeHead(204).end() }),
  );
  const { id } = await app.webhook(fast.url);
  const ROUND = 150;
  const times: number[][] = [];
  for (const beside of [false, true]) {
    if (beside) await app.webhook(slow.url);
    const from = fast.received.length;
    const sent = new Map<string, number>();
    // One event at a time, so that each delivery to the fast endpoint has its own duration. The slow endpoint gets more
    // than it can take.
    for (let n = 0; n < ROUND; n++) {
      const started = performance.now();
      const event = await app.suspend();
      sent.set(event, started);
      await eventually(() => fast.received.length > from + n);
    }
    times.push(fast.received.slice(from).map((one) => one.at - (sent.get(one.id) ?? 0)));
  }
  const p99 = times.map((all) => [...all].sort((a, b) => a - b)[Math.floor(ROUND * 0.99)] ?? 0);
  console.info(`p99 of the fast endpoint: ${p99.map((one) => one.toFixed(1)).join(' ms alone, beside ')} ms`);
  // Compares counts, because durations on a busy machine prove little: the slow endpoint had its ten concurrent attempts, and
  // no fast delivery waited.
  expect(fast.received).toHaveLength(2 * ROUND);
  expect(slow.received.length).toBeLessThan(ROUND / 2);
  const { body } = await app.call('GET', `/admin/webhooks/${id}/deliveries?status=pending&limit=10`);
  expect(body.data.length).toBeLessThanOrEqual(1);
  await Promise.all([slow.close(), fast.close()]);
});
