import pg from 'pg';
import { Registry } from 'prom-client';
import { eventually } from '../../../../test/support/app.ts';
import { freshDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import type { Leadership } from '#events/leader';
import { realClock } from '../clock/clock.ts';
import { createLogger } from '../telemetry/logger.ts';
import { BackgroundWork, type Due, type DueQuery } from './background-work.ts';
import { type Progress, runWork } from './run-work.ts';
import { wakeWork } from './wake-work.ts';
import { WorkMetrics } from './work-metrics.ts';

const HOUR_MS = 3_600_000;

/** Work on a list: `attend` takes an id off the list, unless the id is broken. */
class Chores extends BackgroundWork {
  readonly name = 'chores';
  override readonly everyMs: number;
  readonly attended: string[] = [];
  readonly batches: number[] = [];

  constructor(
    readonly list: Set<string>,
    readonly broken: Set<string> = new Set(),
    everyMs = 100,
  ) {
    super();
    this.everyMs = everyMs;
  }

  async due({ limit, except, now }: DueQuery): Promise<readonly Due[]> {
    const ids = [...this.list].filter((id) => !except.includes(id)).slice(0, limit);
    this.batches.push(ids.length);
    return ids.map((id) => ({ id, due_at: new Date(now.getTime() - HOUR_MS) }));
  }

  async attend(id: string): Promise<void> {
    this.attended.push(id);
    if (this.broken.has(id)) throw new Error('it cannot be done');
    this.list.delete(id);
  }
}

describe('background work', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let registry: Registry;
  const running: Leadership[] = [];
  beforeAll(async () => {
    database = await freshDatabase();
    pool = new pg.Pool(database.config);
  });
  beforeEach(() => {
    registry = new Registry();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.stop()));
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const run = (work: BackgroundWork, progress?: Progress): Leadership => {
    const logger = createLogger({ log_level: 'silent' }, 'test');
    const metrics = new WorkMetrics(registry, realClock);
    const leadership = runWork(work, { pool, service: 'test', clock: realClock, metrics, logger, progress });
    running.push(leadership);
    return leadership;
  };

  const metric = async (name: string): Promise<number | undefined> => {
    const { values } = (await registry.getSingleMetric(`keyledger_work_${name}`)?.get()) ?? { values: [] };
    return values.find(({ labels }) => labels['work'] === 'chores' && labels['service'] === 'test')?.value;
  };

  it('gets to what is due behind any number of failures, which are not tried over and over', async () => {
    const broken = new Set(Array.from({ length: 1_200 }, (_, n) => `broken${n}`));
    const good = ['one', 'two', 'three'];
    const chores = new Chores(new Set([...broken, ...good]), broken);
    run(chores);
    await eventually(() => chores.batches.length > 4);
    expect([...chores.list]).toEqual([...broken]);
    expect(chores.attended).toEqual([...broken, ...good]);
    expect(chores.batches.slice(0, 4)).toEqual([500, 500, 203, 0]);
    expect([await metric('done_total'), await metric('failures_total')]).toEqual([3, 1_200]);
    expect(await metric('lag_seconds')).toBeGreaterThanOrEqual(HOUR_MS / 1_000);
  });

  it('has no lag once everything due has been done', async () => {
    const chores = new Chores(new Set(['one']));
    run(chores);
    await eventually(() => chores.list.size === 0 && chores.batches.at(-1) === 0);
    expect(await metric('lag_seconds')).toBe(0);
    expect(await metric('runs_total')).toBeGreaterThanOrEqual(2);
  });

  it('is led by one instance, and by the other when that one stops', async () => {
    const list = new Set(['one']);
    const [first, second] = [new Chores(list), new Chores(list)];
    const leader = run(first);
    await eventually(() => first.attended.length === 1);
    registry = new Registry();
    run(second);
    list.add('two');
    await eventually(() => list.size === 0);
    expect(second.batches).toEqual([]);
    await leader.stop();
    list.add('three');
    await eventually(() => list.size === 0);
    expect([first.attended, second.attended]).toEqual([['one', 'two'], ['three']]);
  });

  it('looks at once when it is woken, however long its pause', async () => {
    const chores = new Chores(new Set(), new Set(), HOUR_MS);
    run(chores);
    // Looks once as the leader, and may look again once it listens.
    await eventually(() => chores.batches.length > 0);
    chores.list.add('urgent');
    await eventually(async () => {
      await wakeWork(pool, 'test', 'chores');
      return chores.list.size === 0;
    });
  });

  it('goes on beside an id that takes long, with at most so many at once, when it is sliding', async () => {
    let finish = (): void => undefined;
    const slow = new Promise<void>((resolve) => (finish = resolve));
    class Errands extends Chores {
      override readonly sliding = true;
      override readonly atOnce = 3;
      now = 0;
      most = 0;
      override async attend(id: string): Promise<void> {
        this.most = Math.max(this.most, ++this.now);
        if (id === 'slow') await slow;
        await super.attend(id);
        this.now--;
      }
    }
    const rest = Array.from({ length: 50 }, (_, n) => `quick${n}`);
    const errands = new Errands(new Set(['slow', ...rest]), new Set(), HOUR_MS);
    const leadership = run(errands);
    await eventually(() => errands.list.size === 1);
    expect([...errands.list]).toEqual(['slow']);
    expect(errands.most).toBe(3);
    expect(await metric('lag_seconds')).toBeGreaterThanOrEqual(HOUR_MS / 1_000);
    const stopped = leadership.stop();
    finish();
    await stopped;
    expect(errands.attended.filter((id) => id === 'slow')).toEqual(['slow']);
    expect(errands.list.size).toBe(0);
  });

  describe('asked by the test clock to catch up', () => {
    const asking = () => {
      const caughtUp: number[] = [];
      const asked = { request: 1 };
      const progress: Progress = {
        begin: () => Promise.resolve(asked.request),
        caughtUp: async (_work, request) => {
          caughtUp.push(request);
        },
      };
      return { asked, caughtUp, progress };
    };

    it('says so once nothing is due, without a pause in between', async () => {
      const { caughtUp, progress } = asking();
      const chores = new Chores(new Set(['one', 'two']), new Set(), HOUR_MS);
      run(chores, progress);
      await eventually(() => caughtUp.length > 0);
      expect([caughtUp[0], chores.batches.slice(0, 2)]).toEqual([1, [2, 0]]);
    });

    it('does not say so while something fails, and tries that again at the next request', async () => {
      const { asked, caughtUp, progress } = asking();
      const chores = new Chores(new Set(['one', 'bad']), new Set(['bad']));
      run(chores, progress);
      await eventually(() => chores.batches.length > 3);
      expect([chores.attended, caughtUp]).toEqual([['one', 'bad'], []]);
      chores.broken.clear();
      asked.request = 2;
      await eventually(() => caughtUp.length > 0);
      expect([chores.attended, caughtUp[0]]).toEqual([['one', 'bad', 'bad'], 2]);
    });

    it('says nothing as work on real time', async () => {
      class Housekeeping extends Chores {
        override readonly follows = 'real';
      }
      const { caughtUp, progress } = asking();
      const chores = new Housekeeping(new Set(['one']));
      run(chores, progress);
      await eventually(() => chores.batches.length > 2);
      expect(caughtUp).toEqual([]);
    });
  });
});
