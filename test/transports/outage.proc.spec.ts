import { setTimeout as sleep } from 'node:timers/promises';
import { countParked } from '#events/subscription/dead-letters';
import { kafkaUnavailable, startKafka, type TestKafka } from '../support/kafka.ts';
import { failing, type Transport, World } from './world.ts';

/** How long the handler fails, in milliseconds. */
const OUTAGE_MS = Number(process.env['OUTAGE_MS'] ?? 60_000);
/** As the ladder of production begins, with steps of at most five seconds, lest the test wait for the next of thirty. */
const LADDER = [100, 500, 1_000, 2_000, ...Array.from({ length: OUTAGE_MS / 2_000 }, () => 5_000)];

const unavailable = kafkaUnavailable();

describe('an outage of a handler', () => {
  let broker: TestKafka | undefined;
  beforeAll(async () => {
    if (unavailable === undefined) broker = await startKafka();
  });
  afterAll(() => broker?.stop());

  /** Sells all the while, a few pieces a second, and waits until all that has had its effect. */
  const endure = async (transport: Transport): Promise<void> => {
    const world = await World.open(transport);
    try {
      const over = Date.now() + OUTAGE_MS;
      let away = true;
      let refused = 0;
      world.consume({
        before: failing(() => {
          if (away) refused += 1;
          return away;
        }),
        ladder: LADDER,
      });
      for (let n = 0; Date.now() < over; n++) {
        await Promise.all([world.sell(`item_${n % 17}`), world.sell(`item_${n % 23}`)]);
        await sleep(200);
      }
      expect(await world.countEffects()).toBe(0);
      expect(refused).toBeGreaterThan(10);
      away = false;
      await world.untilEffects(await world.countSold());
      await world.expectEachEffectOnce();
      expect(await countParked(world.view)).toEqual([]);
    } finally {
      await world.close();
    }
  };

  const both = unavailable === undefined ? 'by log and by Kafka' : `by log (${unavailable})`;
  it(
    `is caught up with, ${both}, in order, with nothing dead`,
    async () => {
      const transports: Transport[] = [{}];
      if (broker !== undefined) transports.push({ kafka: { brokers: broker.brokers, clientId: 'outage' } });
      await Promise.all(transports.map(endure));
    },
    OUTAGE_MS + 600_000,
  );
});
