import { setTimeout as sleep } from 'node:timers/promises';
import type { PublishedEvent } from '#events/event';
import { rebuildSubscribed } from '#events/projection/rebuild-subscribed';
import { countParked, listDeadLetters, replayDeadLetters } from '#events/subscription/dead-letters';
import { eventually } from '../support/app.ts';
import { Herd, randomFrom, type Role } from './herd.ts';
import { totals } from './shop.ts';
import { failing, type Transport, World } from './world.ts';

/** Kills of processes and brokers in one test; `npm run chaos` sets KILLS. */
const KILLS = Number(process.env['KILLS'] ?? 5);
/** Time limit of that test: each kill waits for the replacement to start. */
const KILLING_MS = KILLS * 30_000;

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const upTo = (count: number): number[] => range(count).map((n) => n + 1);

/** The rules for every transport. `open` is called when the suite runs. */
export const describeTransport = (name: string, open: () => Transport): void => {
  describe(`the ${name} transport`, () => {
    let world: World;
    beforeEach(async () => {
      world = await World.open(open());
    });
    afterEach(() => world.close());

    it('delivers each event once, in order per subject, during many appends', async () => {
      world.consume();
      await Promise.all(range(20).map((n) => world.sell(`item_${n}`, 50)));
      await world.untilEffects(1_000);
      await world.expectEachEffectOnce();
    });

    it('delivers events appended before any subscription existed', async () => {
      await world.sell('item_1', 20);
      world.consume();
      await world.untilEffects(20);
      expect(await world.versions('item_1')).toEqual(upTo(20));
    });

    it('publishes only the fields of the contract, in the current schema', async () => {
      const seen: PublishedEvent[] = [];
      world.consume({ before: (batch) => void seen.push(...batch) });
      await world.shopPool.query(
        `insert into events (id, stream_id, version, type, data, metadata) values
          ('evt_1', 'item_1', 1, 'item.counted', '{"pieces": 8}', $1),
          ('evt_2', 'item_1', 2, 'item.sold', '{"number": 4, "secret": "old"}', $1)`,
        [{ actor: { type: 'user', id: 'user_1' }, correlation_id: 'req_1' }],
      );
      await world.untilEffects(1);
      expect(seen).toEqual([
        {
          specversion: '1.0',
          id: 'evt_2',
          source: `keyledger/${world.shop}`,
          type: 'item.sold',
          subject: 'item_1',
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          datacontenttype: 'application/json',
          dataschema: 'urn:keyledger:event:item.sold:1',
          streamversion: 2,
          position: 2,
          correlationid: 'req_1',
          actortype: 'user',
          actorid: 'user_1',
          data: { pieces: 4, product_id: null },
        },
      ]);
    });

    it('carries the trace of the command to its effect', async () => {
      const seen: PublishedEvent[] = [];
      world.consume({ before: (batch) => void seen.push(...batch) });
      const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
      await world.sell('item_1', 1, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
      await world.untilEffects(1);
      expect(seen[0]?.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    });

    it('gives each event to only one of two instances', async () => {
      world.consume();
      world.consume();
      await Promise.all(range(20).map((n) => world.sell(`item_${n}`, 20)));
      await world.untilEffects(400);
      await world.expectEachEffectOnce();
    });

    it('continues when one instance joins and another leaves', async () => {
      const leave = world.consume();
      const selling = Promise.all(range(30).map((n) => world.sell(`item_${n}`, 40)));
      await world.untilEffects(100);
      world.consume();
      await world.untilEffects(300);
      await leave();
      await selling;
      await world.untilEffects(1_200);
      await world.expectEachEffectOnce();
    });

    it('finishes the current batch when it stops, and continues after it', async () => {
      let calls = 0;
      let release: () => void = () => undefined;
      const stop = world.consume({
        before: () => {
          calls += 1;
          return new Promise<void>((resolve) => (release = resolve));
        },
      });
      await world.sell('item_1');
      await eventually(() => calls === 1);
      const stopped = stop();
      release();
      await stopped;
      expect(await world.versions('item_1')).toEqual([1]);
      const later: number[] = [];
      world.consume({ before: (batch) => void later.push(...batch.map(({ streamversion }) => streamversion)) });
      await world.sell('item_1');
      await world.untilEffects(2);
      expect(later).toEqual([2]);
    });

    it('gives a handler the rest of a batch in its own transaction, while failed events wait', async () => {
      await Promise.all(range(20).map((n) => world.sell(`item_${n}`, 20)));
      let failures = 0;
      const fails = failing(
        ({ subject, streamversion }) => subject === 'item_7' && streamversion === 1 && ++failures < 3,
      );
      world.consume({ share: 7, before: fails, ladder: [300, 300] });
      await world.untilEffects(400);
      await world.expectEachEffectOnce();
      const { rows } = await world.view.query<{ count: number }>(
        `select count(*)::int as count from effects where subject <> 'item_7' group by xmin`,
      );
      // Only a batch in which an event failed is processed one by one, all in one transaction.
      expect(rows.filter(({ count }) => count > 7).length).toBeLessThanOrEqual(1);
      expect(rows.length).toBeGreaterThan(40);
    });

    it('leaves the rest of a batch when it stops, and starts with it', async () => {
      let calls = 0;
      let release: () => void = () => undefined;
      await world.sell('item_1', 30);
      const stop = world.consume({
        share: 7,
        before: () => {
          calls += 1;
          return new Promise<void>((resolve) => (release = resolve));
        },
      });
      await eventually(() => calls === 1);
      const stopped = stop();
      release();
      await stopped;
      const first = (await world.versions('item_1')).length;
      expect(first).toBeLessThanOrEqual(7);
      world.consume({ share: 7 });
      await world.untilEffects(30);
      expect(await world.versions('item_1')).toEqual(upTo(30));
    });

    it('retries a failed event; later events of its subject wait, all others continue', async () => {
      let healthy = false;
      world.consume({
        before: failing(({ subject }) => subject === 'item_bad' && !healthy),
        ladder: [50, 50, 50, 60_000],
      });
      await world.sell('item_bad', 3);
      await world.sell('item_good', 5);
      await eventually(async () => (await world.versions('item_good')).length === 5);
      expect(await world.versions('item_bad')).toEqual([]);
      healthy = true;
      await world.sell('item_bad', 2);
      await world.untilEffects(10);
      expect(await world.versions('item_bad')).toEqual(upTo(5));
      expect(await countParked(world.view)).toEqual([]);
    });

    it('makes a poison event a dead letter, and replays it in order with the events behind it', async () => {
      let mended = false;
      world.consume({
        before: failing((event) => event.subject === 'item_bad' && event.streamversion === 3 && !mended),
        ladder: [10, 10],
      });
      await world.sell('item_bad', 6);
      await world.sell('item_good', 3);
      const [letter] = await eventually(async () => {
        const letters = await listDeadLetters(world.view);
        return letters.length > 0 && (await world.countEffects()) === 5 && letters;
      });
      expect(letter).toMatchObject({
        subscription: 'totals',
        source: world.shop,
        subject: 'item_bad',
        event: { type: 'item.sold', streamversion: 3 },
        attempts: 3,
        last_error: 'Error: cannot take item_bad 3',
      });
      expect(await world.versions('item_bad')).toEqual([1, 2]);

      mended = true;
      await world.sell('item_bad', 1);
      expect(await replayDeadLetters(world.view, { id: letter?.id })).toBe(1);
      await world.untilEffects(10);
      await world.expectEachEffectOnce();
      expect(await listDeadLetters(world.view)).toEqual([]);
      expect(await countParked(world.view)).toEqual([]);
    });

    it('does not count an unavailable database as a failure of an event', async () => {
      let cut = 0;
      world.consume({
        before: async () => {
          if (cut++ < 3) await cutConnections(world);
        },
      });
      await world.sell('item_1', 10);
      await world.untilEffects(10);
      await world.expectEachEffectOnce();
      expect(cut).toBeGreaterThan(3);
      expect(world.errors.length).toBeGreaterThan(0);
      expect(await countParked(world.view)).toEqual([]);
    });

    it(
      'has each event take effect once, although processes and brokers are killed at random',
      async () => {
        const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
        const random = randomFrom(seed);
        const { broker, kafka } = world.transport;
        const herd = new Herd({ url: world.database.url, shop: world.shop, ...(kafka && { kafka }) }, random);
        const roles: readonly Role[] =
          broker === undefined ? ['appender', 'consumer', 'consumer'] : ['appender', 'consumer', 'consumer', 'relay'];
        let brokers = 0;
        try {
          await Promise.all([...roles, ...roles].map((role) => herd.add(role)));
          for (let kills = 0; kills < KILLS; kills++) {
            await sleep(random() * 400);
            if (broker !== undefined && kills % 5 === 4) {
              await broker.kill9();
              brokers += 1;
              await sleep(random() * 400);
              await broker.restart();
            } else {
              await herd.replace(roles[Math.floor(random() * roles.length)] ?? 'consumer');
            }
          }
          await eventually(async () => (await world.countSold()) > 1_000);
          await herd.end('appender');
          const sold = await world.countSold();
          await world.untilEffects(sold);
          await world.expectEachEffectOnce();
          const killed = [...herd.killed, ...(brokers > 0 ? ([['broker', brokers]] as const) : [])];
          const whom = killed.map(([whom, times]) => `${whom} ${times} times`).join(', ');
          process.stdout.write(`${name}, SEED=${seed}: killed ${whom}; ${sold} events, each had its effect once\n`);
        } catch (error) {
          throw new Error(`with SEED=${seed}`, { cause: error });
        } finally {
          await herd.endAll();
        }
      },
      KILLING_MS,
    );

    it('rebuilds a projection beside the live one while events arrive', async () => {
      world.consume();
      await Promise.all(range(50).map((n) => world.sell(`item_${n}`, 20)));
      await world.untilEffects(1_000);
      // The rebuild corrects the error in the live table.
      await world.view.query(
        `update totals set pieces = 1000 where id = 'item_7'; delete from totals where id = 'item_8'`,
      );
      const source = world.source(world.transport.kafka, `${world.shop}.rebuild`);
      const selling = Promise.all(range(20).map((n) => world.sell(`item_${n + 40}`, 20)));
      const rebuilt = await rebuildSubscribed({
        pool: world.ledgerPool,
        schema: 'ledger',
        projection: totals,
        subscription: 'totals',
        sources: [source],
      });
      await source.close();
      await selling;
      await world.untilEffects(1_400);
      expect(rebuilt).toBeGreaterThanOrEqual(1_000);
      await world.expectEachEffectOnce();
    });
  });
};

/** Cuts every connection of the ledger, including that of the handler that calls this. */
const cutConnections = async (world: World): Promise<void> => {
  await world.shopPool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'ledger'`,
  );
};
