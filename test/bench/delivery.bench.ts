/** Webhooks from append to receipt by a sink on this machine, compared with undici posting the same signed bodies from memory. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Agent, request } from 'undici';
import { Webhook } from 'standardwebhooks';
import { startInstance, type Instance } from '../support/instance.ts';
import { percentiles } from './measure.ts';
import { cpuSeconds, residentMegabytes } from './process-costs.ts';
import type { Figure } from './report.ts';
import { takeIn } from './taken-in.ts';

const FLOOD = 30_000;
const STEADY = [
  { perSecond: 50, seconds: 10 },
  { perSecond: 500, seconds: 8 },
];
/** A process that has just started is slow at first. */
const WARM_UP = { perSecond: 50, seconds: 5 };

export const run = async (): Promise<Figure[]> => {
  const sink = await startSink();
  const instance = await startInstance({ KEYLEDGER_WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8' });
  try {
    const { issue, more } = await subscribe(instance, sink.url);
    const figures: Figure[] = [];
    await steady(sink, issue, WARM_UP);
    for (const rate of STEADY) {
      const { perSecond } = rate;
      const { p50, p99 } = await steady(sink, issue, rate);
      const what = `append to receipt at ${perSecond} events/s`;
      const [p50target, p99target] =
        perSecond === 50 ? [{ target: { atMost: 10 } }, { target: { atMost: 30 } }] : [{}, {}];
      figures.push({ what: `${what}, p50`, value: p50, unit: 'ms', ...p50target });
      figures.push({ what: `${what}, p99`, value: p99, unit: 'ms', ...p99target });
    }
    const limit = await straightFromMemory(sink);
    const beside = { what: 'undici posting signed bodies from memory, requests/s', value: limit };
    const one = await flood(sink, instance, FLOOD, 1);
    const target = { atLeast: 3_000 };
    figures.push({
      what: 'deliveries to one endpoint',
      value: one.perSecond,
      unit: 'webhooks/s',
      limit: beside,
      target,
    });
    figures.push({ what: 'CPU for 1,000, database included', value: one.cpu, unit: 's', target: { atMost: 0.35 } });
    await more(99);
    const many = await flood(sink, instance, FLOOD / 100, 100);
    figures.push({ what: 'deliveries to 100 endpoints', value: many.perSecond, unit: 'webhooks/s', limit: beside });
    figures.push({ what: 'CPU for 1,000, to 100 endpoints', value: many.cpu, unit: 's', target: { atMost: 0.35 } });
    figures.push({ what: 'memory after the benchmark', value: residentMegabytes(instance.pid), unit: 'MB' });
    return figures;
  } finally {
    await instance.stop();
    sink.server.close();
    sink.server.closeAllConnections();
  }
};

interface Sink {
  readonly url: string;
  readonly server: Server;
  /** Called with each body received. */
  onReceipt: (body: { time: string }) => void;
}

const startSink = async (): Promise<Sink> => {
  const sink = { onReceipt: () => undefined } as unknown as Sink;
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      response.writeHead(204).end();
      sink.onReceipt(JSON.parse(Buffer.concat(chunks).toString()) as { time: string });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(sink, { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
};

interface Subscribed {
  issue(n: number): Promise<unknown>;
  /** Creates this many additional endpoints. */
  more(count: number): Promise<void>;
}

const subscribe = async ({ post }: Instance, url: string): Promise<Subscribed> => {
  const product = await post('/api/v1/admin/products', { name: 'Bench', slug: 'bench', type: 'desktop' });
  const plan = await post('/api/v1/admin/plans', {
    product_id: product['id'],
    name: 'Pro',
    slug: 'pro',
    license_type: 'perpetual',
    license_model: 'standard',
  });
  const webhook = (): Promise<unknown> => post('/api/v1/admin/webhooks', { url, events: ['license.created'] });
  await webhook();
  return {
    issue: (n) =>
      post('/api/v1/admin/licenses', { product_id: product['id'], plan_id: plan['id'], email: `user${n}@example.com` }),
    more: async (count) => {
      for (let n = 0; n < count; n++) await webhook();
    },
  };
};

const steady = async (
  sink: Sink,
  issue: Subscribed['issue'],
  { perSecond, seconds }: (typeof STEADY)[number],
): Promise<{ p50: number; p99: number }> => {
  const times: number[] = [];
  sink.onReceipt = ({ time }) => times.push(Date.now() - Date.parse(time));
  const calls = perSecond * seconds;
  const answers: Promise<unknown>[] = [];
  const start = performance.now();
  for (let n = 0; n < calls; n++) {
    answers.push(issue(n));
    const pause = start + ((n + 1) * 1000) / perSecond - performance.now();
    if (pause > 1) await sleep(pause);
  }
  await Promise.all(answers);
  while (times.length < calls) await sleep(20);
  return percentiles(times);
};

/** Time from the commit of events that are taken in together to the last receipt. */
const flood = async (
  sink: Sink,
  { databaseUrl, databasePid, pid }: Instance,
  events: number,
  endpoints: number,
): Promise<{ perSecond: number; cpu: number }> => {
  const wanted = events * endpoints;
  let received = 0;
  sink.onReceipt = () => received++;
  const pool = new pg.Pool({ connectionString: databaseUrl, options: '-c search_path=webhooks', max: 1 });
  await takeIn(pool, events);
  const [start, cpu] = [performance.now(), cpuSeconds(pid, databasePid)];
  await pool.end();
  while (received < wanted) await sleep(5);
  const seconds = (performance.now() - start) / 1000;
  return { perSecond: wanted / seconds, cpu: ((cpuSeconds(pid, databasePid) - cpu) / wanted) * 1_000 };
};

const straightFromMemory = async (sink: Sink): Promise<number> => {
  let received = 0;
  sink.onReceipt = () => received++;
  const agent = new Agent({ connections: 10, pipelining: 1 });
  const webhook = new Webhook(`whsec_${Buffer.alloc(32, 1).toString('base64')}`);
  const body = JSON.stringify({ time: new Date().toISOString(), data: { note: 'x'.repeat(300) } });
  const start = performance.now();
  let n = 0;
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      for (let mine = n++; mine < 10_000; mine = n++) {
        const at = new Date();
        const headers = {
          'content-type': 'application/cloudevents+json',
          'webhook-id': `evt_${mine}`,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': webhook.sign(`evt_${mine}`, at, body),
        };
        const answer = await request(sink.url, { method: 'POST', dispatcher: agent, headers, body });
        await answer.body.dump();
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  await agent.close();
  return received / seconds;
};
