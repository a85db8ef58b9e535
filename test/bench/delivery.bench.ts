/** Webhooks from append to receipt by a sink on this machine, beside undici posting the same signed bodies from memory. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { Webhook } from 'standardwebhooks';
import { startInstance, type Instance } from '../support/instance.ts';
import { percentiles } from './measure.ts';
import type { Figure } from './report.ts';

const FLOOD = 10_000;
const STEADY = { perSecond: 50, seconds: 10 };

export const run = async (): Promise<Figure[]> => {
  const sink = await startSink();
  const instance = await startInstance({ KEYLEDGER_WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8' });
  try {
    const { issue } = await subscribe(instance, sink.url);
    const latency = await steady(sink, issue);
    const deliveries = await flood(sink, issue);
    const limit = await straightFromMemory(sink);
    const beside = { what: 'undici posting signed bodies from memory, requests/s', value: limit };
    return [
      { what: 'webhooks delivered while licences are issued', value: deliveries, unit: 'webhooks/s', limit: beside },
      { what: `append to receipt at ${STEADY.perSecond} events/s, p50`, value: latency.p50, unit: 'ms' },
      { what: `append to receipt at ${STEADY.perSecond} events/s, p99`, value: latency.p99, unit: 'ms' },
    ];
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

const subscribe = async ({ post }: Instance, url: string): Promise<{ issue: (n: number) => Promise<unknown> }> => {
  const product = await post('/api/v1/admin/products', { name: 'Bench', slug: 'bench', type: 'desktop' });
  const plan = await post('/api/v1/admin/plans', {
    product_id: product['id'],
    name: 'Pro',
    slug: 'pro',
    license_type: 'perpetual',
    license_model: 'standard',
  });
  await post('/api/v1/admin/webhooks', { url, events: ['license.created'] });
  return {
    issue: (n) =>
      post('/api/v1/admin/licenses', { product_id: product['id'], plan_id: plan['id'], email: `user${n}@example.com` }),
  };
};

const steady = async (sink: Sink, issue: (n: number) => Promise<unknown>): Promise<{ p50: number; p99: number }> => {
  const times: number[] = [];
  sink.onReceipt = ({ time }) => times.push(Date.now() - Date.parse(time));
  const calls = STEADY.perSecond * STEADY.seconds;
  const answers: Promise<unknown>[] = [];
  for (let n = 0; n < calls; n++) {
    answers.push(issue(n));
    await sleep(1000 / STEADY.perSecond);
  }
  await Promise.all(answers);
  while (times.length < calls) await sleep(20);
  return percentiles(times);
};

const flood = async (sink: Sink, issue: (n: number) => Promise<unknown>): Promise<number> => {
  let received = 0;
  sink.onReceipt = () => received++;
  const start = performance.now();
  let n = 0;
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      for (let mine = n++; mine < FLOOD; mine = n++) await issue(1_000_000 + mine);
    }),
  );
  while (received < FLOOD) await sleep(5);
  return FLOOD / ((performance.now() - start) / 1000);
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
      for (let mine = n++; mine < FLOOD; mine = n++) {
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
