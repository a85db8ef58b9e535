import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import type { PublishedEvent } from '#events/event';
import { fromMessage } from '#events/kafka/cloudevents';
import { republish } from '#events/kafka/republish';
import { kafkaClient, type KafkaOptions } from '#events/kafka/topic';
import { eventually } from '../support/app.ts';
import { kafkaUnavailable, sharedKafka } from '../support/kafka.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';
import { contractsOf, items, migrate, openShop, poolOf, sale } from '../transports/shop.ts';

const unavailable = kafkaUnavailable();
const suite = unavailable === undefined ? describe : describe.skip;
const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'republish' } as const;

suite(`republishing to a side topic${unavailable === undefined ? '' : ` (${unavailable})`}`, () => {
  const shop = `shop_${randomBytes(4).toString('hex')}`;
  let kafka: KafkaOptions;
  let database: TestDatabase;
  let pool: Pool;
  /** The published events of the log, in log order. */
  let log: { id: string; position: number; subject: string }[];

  beforeAll(async () => {
    kafka = { brokers: (await sharedKafka()).brokers, clientId: 'republish.spec' };
    database = await freshDatabase();
    await migrate(database.url, shop);
    pool = poolOf(database.url, shop);
    const store = await openShop(pool, shop);
    for (let n = 0; n < 40; n++) await store.handle(items, `item_${n % 5}`, sale, { metadata });
    await store.close();
    const { rows } = await pool.query<{ id: string; position: string; subject: string }>(
      `select id, position, stream_id as subject from events where type = 'item.sold' order by position`,
    );
    log = rows.map(({ position, ...row }) => ({ ...row, position: Number(position) }));
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const freshTopic = (): string => `side.${randomBytes(4).toString('hex')}`;
  const send = (topic: string, stretch: { from: number; to?: number }, onProgress: () => void = () => undefined) =>
    republish({ pool, service: shop, contracts: contractsOf(shop), kafka, topic, batch: 7, onProgress, ...stretch });

  /** All messages of a topic, in the order of each partition. */
  const read = async (topic: string, count: number): Promise<PublishedEvent[]> => {
    const consumer = kafkaClient(kafka).consumer({ groupId: freshTopic() });
    const events: PublishedEvent[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        events.push(fromMessage(message));
      },
    });
    await eventually(() => events.length >= count);
    await consumer.disconnect();
    return events;
  };
  const ids = (events: readonly { id: string }[]): string[] => [...new Set(events.map(({ id }) => id))].sort();

  it('sends the events between two positions, both included, in order for each subject', async () => {
    const topic = freshTopic();
    const wanted = log.slice(5, 30);
    const [from, to] = [wanted[0]?.position ?? 0, wanted.at(-1)?.position ?? 0];
    expect(await send(topic, { from, to })).toBe(25);
    const events = await read(topic, 25);
    expect(events).toHaveLength(25);
    expect(ids(events)).toEqual(ids(wanted));
    for (const subject of new Set(wanted.map((one) => one.subject))) {
      expect(events.filter((one) => one.subject === subject).map(({ id }) => id)).toEqual(
        wanted.filter((one) => one.subject === subject).map(({ id }) => id),
      );
    }
  });

  it('continues where it stopped, and does not repeat what it has recorded as sent', async () => {
    const topic = freshTopic();
    let batches = 0;
    const breakOff = (): void => {
      batches += 1;
      if (batches === 3) throw new Error('killed');
    };
    await expect(send(topic, { from: 1 }, breakOff)).rejects.toThrow('killed');
    const rest = await send(topic, { from: 1 });
    expect(rest).toBeLessThan(log.length);
    const events = await read(topic, log.length);
    expect(events).toHaveLength(log.length);
    expect(ids(events)).toEqual(ids(log));
    // The republish was complete, so running it once more sends all events again.
    expect(await send(topic, { from: 1 })).toBe(log.length);
  });

  it('never sends to a topic that services publish to', async () => {
    for (const topic of [`keyledger.${shop}`, 'keyledger.licensing', 'keyledger.to_come']) {
      await expect(send(topic, { from: 1 })).rejects.toThrow('name another topic');
    }
  });
});
