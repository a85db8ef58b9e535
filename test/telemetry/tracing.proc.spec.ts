import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import pg from 'pg';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { webhooksService } from '../../apps/webhooks/src/webhooks.module.ts';
import { eventually, startApp, type TestApp } from '../support/app.ts';
import { kafkaUnavailable, startKafka, type TestKafka } from '../support/kafka.ts';
import { freshDatabase } from '../support/postgres.ts';
import { type Sink, startSink } from '../webhooks/harness.ts';
import { type Collector, type ReceivedSpan, startCollector } from './collector.ts';

const SERVICES = [gatewayService, licensingService, webhooksService];
const LOOPBACK = { KEYLEDGER_WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8' };
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const INTERNAL = 1;
const SERVER = 2;
const CONSUMER = 5;

interface Delivered {
  readonly type: string;
  readonly traceparent: string;
}

const delivered = (sink: Sink): Promise<Delivered> =>
  eventually(() => {
    const bodies = sink.received.map(({ body }) => JSON.parse(body) as Delivered);
    return bodies.find(({ type }) => type === 'product.created');
  });

/** Creates a product within a trace of the caller, which triggers a webhook. @returns the delivered event */
const sell = async (app: TestApp, sink: Sink): Promise<Delivered> => {
  await app.create('/admin/webhooks', { url: sink.url, events: ['product.created'] });
  const { status, headers } = await app.call(
    'POST',
    '/admin/products',
    { name: 'Editor', slug: 'editor', type: 'desktop' },
    { traceparent: `00-${TRACE}-${CALLER}-01` },
  );
  expect(status).toBe(201);
  expect(headers['traceparent']).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
  return delivered(sink);
};

const ofTrace = ({ spans }: Collector, kind: number): ReceivedSpan[] =>
  spans.filter((span) => span.traceId === TRACE && span.kind === kind);

/** The span of the command that wrote the event, found by the trace of the event. */
const commandOf = (event: Delivered, collector: Collector): ReceivedSpan | undefined =>
  ofTrace(collector, INTERNAL).find(({ spanId }) => event.traceparent === `00-${TRACE}-${spanId}-01`);

describe('a trace', () => {
  let collector: Collector;
  let sink: Sink;

  beforeEach(async () => {
    collector = await startCollector();
    sink = await startSink();
  });
  afterEach(async () => {
    await Promise.all([collector.close(), sink.close()]);
  });

  it('continues from the caller through request and event to the subscriptions, in one process', async () => {
    const app = await startApp({
      services: SERVICES,
      env: { ...LOOPBACK, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    });
    const event = await sell(app, sink).finally(() => app.close());
    const [request, ...more] = ofTrace(collector, SERVER);
    expect(more).toEqual([]);
    expect(request).toMatchObject({ parentSpanId: CALLER });
    const command = commandOf(event, collector);
    expect(command).toMatchObject({ parentSpanId: request?.spanId });
    const consumers = ofTrace(collector, CONSUMER);
    expect(consumers.map(({ name }) => name)).toContain('consume deliveries');
    for (const { parentSpanId, startTimeUnixNano, endTimeUnixNano } of consumers) {
      expect(parentSpanId).toBe(command?.spanId);
      expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
    }
    expect([...collector.services]).toEqual(['keyledger-test']);
  });

  it('shows the outcome of each event, although a subscription takes many together', async () => {
    const app = await startApp({
      services: SERVICES,
      env: { ...LOOPBACK, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    });
    const database = new pg.Client(app.databaseUrl);
    await database.connect();
    const traces = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(32));
    try {
      await app.create('/admin/webhooks', { url: sink.url, events: ['product.created'] });
      // The first event is being processed while the others arrive.
      await database.query('begin; lock table webhooks.deliveries in access exclusive mode');
      for (const [index, trace] of traces.entries()) {
        const product = { name: 'Editor', slug: `editor-${index}`, type: 'desktop' };
        await app.call('POST', '/admin/products', product, { traceparent: `00-${trace}-${CALLER}-01` });
      }
      await database.query('commit');
      await eventually(() => sink.received.length === traces.length);
    } finally {
      await database.end();
      await app.close();
    }
    const consumed = collector.spans.filter(({ name }) => name === 'consume deliveries').map(({ traceId }) => traceId);
    expect(consumed).toEqual(expect.arrayContaining(traces));
  });

  it('connects to nothing when no collector is configured, and still passes on its id', async () => {
    const sockets: Socket[] = [];
    const opened = (message: unknown): number => sockets.push((message as { socket: Socket }).socket);
    subscribe('net.client.socket', opened);
    const ports = new Set<number>();
    const note = (): void => sockets.forEach(({ remotePort }) => remotePort !== undefined && ports.add(remotePort));
    const app = await startApp({ services: SERVICES, env: LOOPBACK });
    try {
      const event = await sell(app, sink);
      note();
      expect(event.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    } finally {
      await app.close();
      unsubscribe('net.client.socket', opened);
    }
    note();
    // The PostgreSQL of tests listens on a unix socket.
    expect([...ports].sort()).toEqual([Number(new URL(app.url).port), sink.port].sort());
    expect(collector.spans).toEqual([]);
  });
});

const missing = kafkaUnavailable();

(missing === undefined ? describe : describe.skip)(`a trace over Kafka${missing ? ` (${missing})` : ''}`, () => {
  let kafka: TestKafka;
  beforeAll(async () => {
    kafka = await startKafka();
  });
  afterAll(() => kafka.stop());

  it('passes through the gateway, the service behind it, the topic and the subscription', async () => {
    const [collector, sink, database] = await Promise.all([startCollector(), startSink(), freshDatabase()]);
    const shared = { databaseUrl: database.url };
    const env = { ...LOOPBACK, KAFKA_BROKERS: kafka.brokers.join(',') };
    // A process has one tracer: that of the service that starts first and stops last.
    const traced = { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    const licensing = await startApp({ services: [licensingService], product: SERVICES, env: traced, ...shared });
    const webhooks = await startApp({ services: [webhooksService], product: SERVICES, env, ...shared });
    const urls = { KEYLEDGER_LICENSING_URL: licensing.url, KEYLEDGER_WEBHOOKS_URL: webhooks.url };
    const gateway = await startApp({
      services: [gatewayService],
      product: SERVICES,
      env: { ...env, ...urls },
      ...shared,
    });
    let event: Delivered;
    try {
      event = await sell(gateway, sink);
    } finally {
      for (const app of [gateway, webhooks, licensing]) await app.close();
      await Promise.all([sink.close(), collector.close()]);
      await database.drop();
    }
    const servers = ofTrace(collector, SERVER);
    expect(servers).toHaveLength(2);
    const outer = servers.find(({ parentSpanId }) => parentSpanId === CALLER);
    const inner = servers.find(({ parentSpanId }) => parentSpanId === outer?.spanId);
    const command = commandOf(event, collector);
    expect(command).toMatchObject({ parentSpanId: inner?.spanId });
    const consumer = ofTrace(collector, CONSUMER).find(({ name }) => name === 'consume deliveries');
    expect(consumer).toMatchObject({ parentSpanId: command?.spanId });
  });
});
