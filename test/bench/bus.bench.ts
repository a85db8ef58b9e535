/** Time from the append of an event to its effect in another service, over the log and over Kafka. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka } from '../../tools/kafka.mjs';
import type { EventContract } from '#events/contract';
import type { StreamType } from '#events/decider';
import { KafkaSource } from '#events/kafka/kafka.source';
import { startRelay } from '#events/kafka/relay';
import type { EventSource } from '#events/source';
import { LogSource } from '#events/source/log.source';
import { SubscriptionRunner } from '#events/subscription/runner';
import { type BenchStore, freshStore, startDatabase } from './database.ts';
import { percentiles } from './measure.ts';
import type { Figure } from './report.ts';

type TickEvent = { readonly type: 'tick.made'; readonly n: number };

const ticks: StreamType<number, TickEvent> = { name: 'tick', initialState: 0, evolve: (count) => count + 1 };
const metadata = { actor: { type: 'system', id: 'bench' }, correlation_id: 'bench' } as const;
const STEADY = { perSecond: 200, seconds: 8 };
const FLOOD = 20_000;

const contractOf = (service: string): EventContract<never> =>
  ({
    type: 'tick.made',
    service,
    schema_version: 1,
    description: 'A tick.',
    data: { type: 'object' },
    subject: 'tick_1',
    example: { n: 1 },
    publish: ({ n }: TickEvent) => ({ n }),
  }) as unknown as EventContract<never>;

const complain = (error: unknown, what = ''): void => console.error(what, error);

export const run = async (): Promise<Figure[]> => {
  const database = await startDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'keyledger-bench-kafka-'));
  try {
    const log = await freshStore(database, 'bench_bus_log', { streams: [ticks], projections: [] });
    const contract = contractOf('bench_bus_log');
    const figures = await measureBus('log', log, new LogSource('bench_bus_log', log.pool, [contract], complain), 15);
    await log.close();

    const kafka = await startKafka({ dir: folder });
    try {
      const schema = 'bench_bus_kafka';
      const bus = await freshStore(database, schema, { streams: [ticks], projections: [] });
      const options = { brokers: kafka.brokers, clientId: 'bench' };
      const relay = startRelay({
        pool: bus.pool,
        service: schema,
        contracts: [contractOf(schema)],
        kafka: options,
        onError: complain,
      });
      const source = new KafkaSource({ kafka: options, service: schema, group: 'bench', onError: complain });
      figures.push(...(await measureBus('Kafka', bus, source, 40)));
      await relay.stop();
      await bus.close();
    } finally {
      await kafka.stop();
    }
    return figures;
  } finally {
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

const measureBus = async (
  name: string,
  { store, pool }: BenchStore,
  source: EventSource,
  most: number,
): Promise<Figure[]> => {
  const times: number[] = [];
  let seen = 0;
  const runner = new SubscriptionRunner({
    pool,
    source,
    subscription: {
      name: 'bench',
      sources: [source.service],
      types: ['tick.made'],
      handle: (batch) => {
        seen += batch.length;
        for (const { time } of batch) times.push(Date.now() - Date.parse(time));
        return Promise.resolve();
      },
    },
    onError: complain,
  });
  runner.start();
  let n = 0;
  const append = (): Promise<unknown> => {
    const mine = n++;
    return store.handle(ticks, `tick_${name}_${mine}`, () => [{ type: 'tick.made', n: mine }], {
      metadata,
      expectedVersion: 0,
    });
  };
  const allSeen = async (): Promise<void> => {
    while (seen < n) await sleep(5);
  };
  await append();
  await allSeen();
  times.length = 0;
  for (let sent = 0; sent < STEADY.perSecond * STEADY.seconds; sent++) {
    await append();
    await sleep(1000 / STEADY.perSecond - 1);
  }
  await allSeen();
  const { p50, p99 } = percentiles(times);
  const start = performance.now();
  for (let sent = 0; sent < FLOOD; sent += 100) await Promise.all(Array.from({ length: 100 }, append));
  const appended = FLOOD / ((performance.now() - start) / 1000);
  await allSeen();
  const perSecond = FLOOD / ((performance.now() - start) / 1000);
  await runner.stop();
  await source.close();
  const rate = `${STEADY.perSecond} events/s`;
  return [
    { what: `${name}: append to effect at ${rate}, p50`, value: p50, unit: 'ms', target: { atMost: most } },
    { what: `${name}: append to effect at ${rate}, p99`, value: p99, unit: 'ms' },
    {
      what: `${name}: events brought to effect`,
      value: perSecond,
      unit: 'events/s',
      limit: { what: 'the appends alone, events/s', value: appended },
    },
  ];
};
