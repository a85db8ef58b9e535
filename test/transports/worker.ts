/** A process of the shop or the ledger, which tests kill: `worker.ts JSON`. Prints `ready` when it has started. */
import { flushCompileCache } from 'node:module';
import { KafkaSource } from '#events/kafka/kafka.source';
import { startRelay } from '#events/kafka/relay';
import type { KafkaOptions } from '#events/kafka/topic';
import { LogSource } from '#events/source/log.source';
import { SubscriptionRunner } from '#events/subscription/runner';
import { contractsOf, items, ledger, openShop, poolOf, sale } from './shop.ts';

export interface WorkerOptions {
  readonly role: 'appender' | 'relay' | 'consumer';
  readonly url: string;
  readonly shop: string;
  /** If absent, the log is read directly. */
  readonly kafka?: KafkaOptions;
}

const { role, url, shop, kafka } = JSON.parse(process.argv[2] ?? '') as WorkerOptions;

// The test cuts brokers and connections on purpose, so errors about them are ignored.
const onError = (error: unknown, what = ''): void => {
  if (process.env['TEST_LOG'] !== undefined) console.error(role, what, error);
};

/** Sells a few hundred pieces a second: half of them of three items, the others of two hundred items. */
const append = async (): Promise<void> => {
  const store = await openShop(poolOf(url, shop), shop);
  const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'chaos' } as const;
  for (let n = 0; ; n++) {
    const subjects = [`item_${n % 3}`, `item_${(n * 7) % 200}`, `item_${(n + 1) % 3}`, `item_${(n * 11) % 200}`];
    await Promise.all(subjects.map((subject) => store.handle(items, subject, sale, { metadata })));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

const relay = (): void => {
  if (kafka === undefined) throw new Error('a relay needs Kafka');
  startRelay({ pool: poolOf(url, shop), service: shop, contracts: contractsOf(shop), kafka, onError });
};

const consume = (): void => {
  const pool = poolOf(url, 'ledger');
  const source =
    kafka === undefined
      ? new LogSource(shop, pool, contractsOf(shop), onError)
      : new KafkaSource({ kafka, service: shop, group: `${shop}.ledger.totals`, onError });
  new SubscriptionRunner({ pool, source, subscription: ledger(shop), batch: 50, onError }).start();
};

if (role === 'relay') relay();
if (role === 'consumer') consume();
// The process is killed, so it never closes these itself.
flushCompileCache();
console.log('ready');
if (role === 'appender') await append();
