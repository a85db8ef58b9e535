import { type KafkaOptions, kafkaClient, topicOf } from '#events/kafka/topic';
import { eventually } from '../support/app.ts';
import { kafkaUnavailable, startKafka, type TestKafka } from '../support/kafka.ts';
import { describeTransport } from './contract.ts';
import { World } from './world.ts';

const unavailable = kafkaUnavailable();
const suite = unavailable === undefined ? describe : describe.skip;

suite(`Kafka${unavailable === undefined ? '' : ` (${unavailable})`}`, () => {
  let broker: TestKafka;
  const kafka = (): KafkaOptions => ({ brokers: broker.brokers, clientId: 'test', sessionTimeoutMs: 1_500 });
  beforeAll(async () => {
    broker = await startKafka();
  });
  afterAll(() => broker.stop());

  describeTransport('Kafka', () => ({ kafka: kafka(), broker }));

  describe('the Kafka transport alone', () => {
    let world: World;
    afterEach(() => world.close());

    it('has one effect per event when the relay sends everything again', async () => {
      world = await World.open({ kafka: kafka() });
      world.consume();
      await world.sell('item_1', 10);
      await world.untilEffects(10);
      await world.stopRelays();
      await world.shopPool.query(`update checkpoints set position = 0 where subscription = 'kafka-relay'`);
      world.relay();
      await world.sell('item_1', 5);
      await world.untilEffects(15);
      await world.expectEachEffectOnce();
      // The relay did send again.
      expect(await messagesOf(world.shop, kafka())).toBe(25);
    });

    it('ignores messages that are not our events', async () => {
      world = await World.open({ kafka: kafka() });
      world.consume();
      await world.sell('item_1');
      await world.untilEffects(1);
      const producer = kafkaClient(kafka()).producer();
      await producer.connect();
      await producer.send({
        topic: topicOf(world.shop),
        messages: [0, 1, 2, 3, 4, 5].flatMap((partition) => [
          { partition, value: 'not even JSON' },
          { partition, value: '{}', headers: { ce_specversion: '1.0', ce_id: 'of somebody else' } },
        ]),
      });
      await producer.disconnect();
      await world.sell('item_1', 2);
      await world.sell('item_2', 2);
      await world.untilEffects(5);
      await world.expectEachEffectOnce();
      await eventually(() => world.errors.filter((error) => error.includes('passes over a message')).length === 12);
    });

    it('keeps each subject in its partition when the topic gets more partitions', async () => {
      world = await World.open({ kafka: kafka() });
      const stop = world.consume();
      const items = Array.from({ length: 20 }, (_, n) => `item_${n}`);
      await Promise.all(items.map((item) => world.sell(item, 3)));
      await world.untilEffects(60);
      await stop();
      await world.stopRelays();
      const admin = kafkaClient(kafka()).admin();
      await admin.connect();
      await admin.createPartitions({ topicPartitions: [{ topic: topicOf(world.shop), count: 9 }] });
      const offsets = async (): Promise<string[]> =>
        (await admin.fetchTopicOffsets(topicOf(world.shop)))
          .filter((one) => one.partition > 5)
          .map((one) => one.offset);
      world.relay();
      world.consume();
      await Promise.all(items.map((item) => world.sell(item, 3)));
      await world.untilEffects(120);
      await world.expectEachEffectOnce();
      expect(await offsets()).toEqual(['0', '0', '0']);
      await admin.disconnect();
    });

    it('takes over from the log, and hands back to it, with one effect per event', async () => {
      world = await World.open({});
      const sell = (): Promise<unknown> =>
        Promise.all(Array.from({ length: 20 }, (_, n) => world.sell(`item_${n}`, 3)));
      let stop = world.consume();
      await sell();
      await world.untilEffects(60);
      await stop();

      // Some events are not processed yet when the transport changes, and more arrive meanwhile.
      await sell();
      world.relay(kafka());
      stop = world.consume({ kafka: kafka() });
      await sell();
      await world.untilEffects(180);
      await world.expectEachEffectOnce();

      // Instances are moved one by one: for a while both transports run.
      world.consume();
      await Promise.all([sell(), sell()]);
      await world.untilEffects(300);
      await stop();
      await sell();
      await world.untilEffects(360);
      await world.expectEachEffectOnce();
    });
  });
});

/** The number of messages in a service's topic. */
const messagesOf = async (service: string, kafka: KafkaOptions): Promise<number> => {
  const admin = kafkaClient(kafka).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topicOf(service));
  await admin.disconnect();
  return offsets.reduce((sum, { offset }) => sum + Number(offset), 0);
};
