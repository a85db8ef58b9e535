import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedPostgres, startPostgres } from '../../apps/keyledger/src/postgres/embedded.ts';
import { openDatabase, type RunningDatabase, visitDatabase } from '../../apps/keyledger/src/postgres/open-database.ts';
import { eventually } from '../support/app.ts';
import { livingIn } from '../support/living.ts';

const QUICK = 'fsync = off\n';

const answer = async (url: string): Promise<unknown> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query('select 1 as one');
  await client.end();
  return rows;
};

/** Sessions of processes that own the folder, or want to own it. */
const countOwners = async (url: string): Promise<number> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(`select from pg_stat_activity where application_name = 'keyledger owner'`);
  await client.end();
  return rows.length;
};

describe('the embedded PostgreSQL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-postgres-'));
  const home = join(folder, 'postgres');
  const pidFile = join(home, 'postmaster.pid');
  const pidLines = (): string[] => readFileSync(pidFile, 'utf8').split('\n');
  const running: EmbeddedPostgres[] = [];
  const start = async (): Promise<EmbeddedPostgres> => {
    const postgres = await startPostgres(home, QUICK);
    running.push(postgres);
    return postgres;
  };

  afterEach(async () => {
    if (livingIn(home).length > 0) await running.at(-1)?.stop();
    running.splice(0);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is started again after it has shut down', async () => {
    const former = await start();
    const client = new pg.Client({ connectionString: former.url });
    await client.connect();
    const [pid] = pidLines();
    // A smart shutdown: the server ends when its last client has disconnected.
    process.kill(Number(pid), 'SIGTERM');
    await eventually(() => pidLines()[7]?.trim() === 'stopping');
    const starting = start();
    await client.end();
    const next = await starting;
    expect(next.adopted).toBe(false);
    expect(pidLines()[0]).not.toBe(pid);
    expect(await answer(next.url)).toEqual([{ one: 1 }]);
  });

  it('is taken over when it already runs', async () => {
    const one = await start();
    const two = await start();
    expect([one.adopted, two.adopted]).toEqual([false, true]);
    expect(await answer(two.url)).toEqual([{ one: 1 }]);
  });

  it('is started once when two processes start it at the same time', async () => {
    const both = await Promise.all([start(), start()]);
    expect(both.map(({ adopted }) => adopted).sort()).toEqual([false, true]);
    for (const { url } of both) expect(await answer(url)).toEqual([{ one: 1 }]);
  });

  it.each([
    ['an unrelated process', (): string => `${process.pid}\n${home}\n`],
    [
      'the PostgreSQL of another folder',
      (): string => `${otherPostgres()}\n${home}\n1\n5432\n${home}\n\n0\nready   \n`,
    ],
    ['no process', (): string => `4194303\n${home}\n`],
    ['text that is not a number', (): string => 'postmaster\n'],
    ['nothing, because it was truncated', (): string => ''],
  ])('starts despite a leftover pid file that names %s', async (_whom, content) => {
    await (await start()).stop();
    writeFileSync(pidFile, content());
    const postgres = await start();
    expect(postgres.adopted).toBe(false);
    expect(livingIn(home)).toContain(Number(pidLines()[0]));
    expect(await answer(postgres.url)).toEqual([{ one: 1 }]);
  });

  it('starts after the server was killed, while one of its child processes still runs', async () => {
    const killed = await start();
    const client = new pg.Client({ connectionString: killed.url });
    client.on('error', () => undefined);
    await client.connect();
    const postmaster = Number(pidLines()[0]);
    process.kill(postmaster, 'SIGKILL');
    // The child processes may not have noticed yet.
    const next = await start();
    expect(next.adopted).toBe(false);
    expect(await answer(next.url)).toEqual([{ one: 1 }]);
    await client.end();
  });
});

/** The server of the whole test run; it does not belong to this folder. */
const otherPostgres = (): number => {
  const home = new URL(process.env['KEYLEDGER_TEST_POSTGRES'] ?? '').searchParams.get('host') ?? '';
  return Number(readFileSync(join(home, 'postmaster.pid'), 'utf8').split('\n')[0]);
};

describe('the database of a data folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-owner-'));
  const place = { database_url: undefined, data_dir: folder };
  const home = join(folder, 'postgres');
  const open: RunningDatabase[] = [];
  const noted = async (opening: Promise<RunningDatabase>): Promise<RunningDatabase> => {
    const database = await opening;
    open.push(database);
    return database;
  };
  const close = async (database: RunningDatabase): Promise<void> => {
    open.splice(open.indexOf(database), 1);
    await database.close();
  };

  afterEach(async () => {
    for (const database of open.splice(0)) await database.close();
    expect(livingIn(home)).toEqual([]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is created once when several processes start at the same time', async () => {
    const first = await Promise.all(
      [0, 1, 2].map(async () => {
        const database = await visitDatabase(place);
        expect(await answer(database.url)).toEqual([{ one: 1 }]);
        return database;
      }),
    );
    expect(readdirSync(folder)).toEqual(['postgres']);
    for (const database of first) await database.close();
  });

  it('goes to the next waiting process while its owner is stopping it', async () => {
    const owner = await noted(openDatabase(place));
    const waiting = noted(openDatabase(place));
    await eventually(async () => (await countOwners(owner.url)) === 2);
    await close(owner);
    const next = await waiting;
    expect(await answer(next.url)).toEqual([{ one: 1 }]);
  });

  it('passes from one owner to the next until every process has had it', async () => {
    // Each process closes the database immediately, so that the others meet every stage of a shutdown.
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        [0, 1, 2, 3].map(async () => {
          const database = await openDatabase(place);
          expect(await answer(database.url)).toEqual([{ one: 1 }]);
          await database.close();
        }),
      );
    }
  });

  it('is refused to a second owner', async () => {
    const owner = await noted(openDatabase(place));
    await expect(openDatabase(place)).rejects.toThrow(/Another Keyledger is running/);
    expect(await answer(owner.url)).toEqual([{ one: 1 }]);
  });

  it('keeps running after a visitor of the owner leaves', async () => {
    const owner = await noted(openDatabase(place));
    const visitor = await visitDatabase(place);
    await visitor.close();
    expect(await answer(owner.url)).toEqual([{ one: 1 }]);
  });

  it('is stopped by a visitor that started it, but not while the next owner uses it', async () => {
    const visitor = await visitDatabase(place);
    const waiting = noted(openDatabase(place));
    expect(await answer(visitor.url)).toEqual([{ one: 1 }]);
    await visitor.close();
    expect(await answer((await waiting).url)).toEqual([{ one: 1 }]);
  });
});
