import { jest } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../support/app.ts';
import { failing, World } from './world.ts';

describe('parked events', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open({});
  });
  afterEach(async () => {
    await world.close();
    jest.restoreAllMocks();
  });

  it('are queried only once a second while there are none', async () => {
    const looks = timesOf('due_parked');
    world.consume();
    const [first = 0, , , fourth = 0] = await eventually(() => looks.length > 3 && looks);
    expect(fourth - first).toBeGreaterThan(2_500);
  });

  it('are retried at their scheduled time, not at the next query', async () => {
    const tries: { subject: string; at: number }[] = [];
    world.consume({
      before: failing(({ subject }) => {
        tries.push({ subject, at: performance.now() });
        return tries.filter((one) => one.subject === subject).length <= 3;
      }),
      ladder: [20, 20, 20],
    });
    for (let n = 1; n <= 10; n++) {
      await world.sell(`item_${n}`);
      await world.untilEffects(n);
    }
    expect(tries).toHaveLength(40);
    const pauses = tries.flatMap(({ subject, at }, n) => {
      const before = tries[n - 1];
      return before?.subject === subject ? [at - before.at] : [];
    });
    // Checks most of them: a busy machine is late for some.
    expect(pauses.sort((a, b) => a - b)[pauses.length / 2]).toBeLessThan(500);
  });

  it('are found by an instance that did not park them', async () => {
    const stop = world.consume({ before: failing(() => true), ladder: [3_600_000] });
    await world.sell('item_1', 2);
    await eventually(async () => (await countRetrying(world)) === 1);
    await stop();
    const looks = timesOf('due_parked');
    world.consume();
    await eventually(() => looks.length > 0);
    await world.view.query(`update parked_events set next_attempt_at = now() where status = 'retrying'`);
    await world.untilEffects(2);
    expect(await world.versions('item_1')).toEqual([1, 2]);
  });
});

const countRetrying = async ({ view }: World): Promise<number | null> =>
  (await view.query(`select from parked_events where status = 'retrying'`)).rowCount;

/** The times, in milliseconds, at which statements of that name are sent from now on. */
const timesOf = (name: string): readonly number[] => {
  const times: number[] = [];
  const query = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: unknown, ...args: unknown[]) {
    if ((args[0] as { name?: string } | null)?.name === name) times.push(performance.now());
    return query.apply(this, args);
  });
  return times;
};
