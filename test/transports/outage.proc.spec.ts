import { setTimeout as sleep } from 'node:timers/promises';
import { countParked } from '#events/subscription/dead-letters';
import { kafkaUnavailable, sharedKafka } from '../support/kafka.ts';
import { failing, type Transport, World } from './world.ts';

/** How long the handler fails, in milliseconds; `npm run chaos` sets OUTAGE_MS. */
const OUTAGE_MS = Number(process.env['OUTAGE_MS'] ?? 10_000);
/**
 * Starts with the delays of production. Later delays are five seconds, not thirty: the test waits for the retry after the
 * outage.
 */
const LADDER = [100, 500, 1_000, 2_000, ...Array.from({ length: OUTAGE_MS / 2_000 }, () => 5_000)];

const unavailable = kafkaUnavailable();

describe('an outage of a handler', () => {
  let brokers: string[] | undefined;
  beforeAll(async () => {
    if (unavailable === undefined) ({ brokers } = await sharedKafka());
  });

  /** Sells a few pieces a second during the outage. Afterward each sale must take effect once. */
  const endure = async (transport: Transport): Promise<void> => {
    const world = await World.open(transport);
    try {
      const over = Date.now() + OUTAGE_MS;
      let failingNow = true;
      let refused = 0;
      world.consume({
        before: failing(() => {
          if (failingNow) refused += 1;
          return failingNow;
        }),
        ladder: LADDER,
      });
      for (let n = 0; Date.now() < over; n++) {
        await Promise.all([world.sell(`item_${n % 17}`), world.sell(`item_${n % 23}`)]);
        await sleep(200);
      }
      expect(await world.countEffects()).toBe(0);
      expect(refused).toBeGreaterThan(10);
      failingNow = false;
      await world.untilEffects(await world.countSold());
      await world.expectEachEffectOnce();
      expect(await countParked(world.view)).toEqual([]);
    } finally {
      await world.close();
    }
  };

  const both = unavailable === undefined ? 'by log and by Kafka' : `by log (${unavailable})`;
  it(
    `delays events and loses none, ${both}: each takes effect once, in order, and none becomes a dead letter`,
    async () => {
      const transports: Transport[] = [{}];
      if (brokers !== undefined) transports.push({ kafka: { brokers, clientId: 'outage' } });
      await Promise.all(transports.map(endure));
    },
    OUTAGE_MS + 600_000,
  );
});
