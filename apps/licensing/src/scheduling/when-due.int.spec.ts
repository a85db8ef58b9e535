import pg from 'pg';
import { realClock } from '#platform/clock/clock';
import { createLogger } from '#platform/telemetry/logger';
import { eventually } from '../../../../test/support/app.ts';
import { freshDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { type DueQuery, WhenDue } from './when-due.ts';

const logger = createLogger({ log_level: 'silent' }, 'test');

/** Work on a list: what is attended to is taken from it, but for what is broken. */
class Chores extends WhenDue {
  readonly attended: string[] = [];
  readonly helpings: number[] = [];

  constructor(
    pool: pg.Pool,
    readonly list: Set<string>,
    private readonly broken: ReadonlySet<string>,
  ) {
    super('chores', { pool }, logger, realClock);
  }

  protected async due({ limit, except }: DueQuery): Promise<readonly string[]> {
    const ids = [...this.list].filter((id) => !except.includes(id)).slice(0, limit);
    this.helpings.push(ids.length);
    return Promise.resolve(ids);
  }

  protected async attend(id: string): Promise<void> {
    this.attended.push(id);
    if (this.broken.has(id)) throw new Error('it cannot be done');
    this.list.delete(id);
    return Promise.resolve();
  }
}

describe('what is due', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await freshDatabase();
    pool = new pg.Pool(database.config);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  it('gets its turn behind any number that fail, which are not tried over and over', async () => {
    const broken = new Set(Array.from({ length: 1_200 }, (_, n) => `broken${n}`));
    const good = ['one', 'two', 'three'];
    const chores = new Chores(pool, new Set([...broken, ...good]), broken);
    chores.onApplicationBootstrap();
    try {
      await eventually(() => chores.helpings.length > 4);
    } finally {
      await chores.onModuleDestroy();
    }
    expect([...chores.list]).toEqual([...broken]);
    expect(chores.attended).toEqual([...broken, ...good]);
    expect(chores.helpings.slice(0, 4)).toEqual([500, 500, 203, 0]);
  });

  it('is seen to by one instance alone, and by the other when that one stops', async () => {
    const list = new Set(['one']);
    const [first, second] = [new Chores(pool, list, new Set()), new Chores(pool, list, new Set())];
    first.onApplicationBootstrap();
    await eventually(() => first.attended.length === 1);
    second.onApplicationBootstrap();
    list.add('two');
    await eventually(() => list.size === 0);
    expect(second.helpings).toEqual([]);
    await first.onModuleDestroy();
    list.add('three');
    await eventually(() => list.size === 0);
    await second.onModuleDestroy();
    expect([first.attended, second.attended]).toEqual([['one', 'two'], ['three']]);
  });
});
