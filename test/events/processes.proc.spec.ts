import { execFile } from 'node:child_process';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { RecordedEvent } from '#events/event';
import type { EventStore } from '#events/store';
import { freshLog, type TestLog } from '../support/log.ts';
import { counters } from './counter.ts';

interface Appender {
  readonly streams: readonly string[];
  readonly commands: number;
  readonly callers: number;
  readonly limit?: number;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('the event store with several processes', () => {
  let log: TestLog;
  let store: EventStore;

  beforeEach(async () => {
    log = await freshLog();
    store = await log.open({ streams: [counters] });
  });
  afterEach(() => log.drop());

  /** Runs a process to its end. @returns how many of its commands ended with each outcome */
  const run = async ({ streams, commands, callers, limit = Infinity }: Appender): Promise<Record<string, number>> => {
    const node = ['--experimental-transform-types', '--disable-warning=ExperimentalWarning', '--conditions=source'];
    const program = `${import.meta.dirname}/appender.ts`;
    const args = [log.database.url, streams.join(','), commands, callers, limit].map(String);
    const { stdout } = await promisify(execFile)(process.execPath, [...node, program, ...args]);
    return JSON.parse(stdout) as Record<string, number>;
  };

  /** Reads behind the writers, as every subscription does, until the writers have ended and no more events arrive. */
  const tail = async (writers: Promise<unknown>): Promise<RecordedEvent[]> => {
    const seen: RecordedEvent[] = [];
    let ended = false;
    const ending = writers.finally(() => (ended = true));
    for (;;) {
      const last = ended;
      const batch = await store.readAll({ after: seen.at(-1)?.position ?? 0, limit: 500 });
      seen.push(...batch);
      if (last && batch.length === 0) break;
      await turn();
    }
    await ending;
    return seen;
  };

  const expectWholeInOrder = (seen: readonly RecordedEvent[], count: number): void => {
    expect(seen).toHaveLength(count);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(count);
    const versions = new Map<string, number>();
    let position = 0;
    for (const event of seen) {
      if (event.position <= position) throw new Error(`position ${event.position} came after ${position}`);
      position = event.position;
      const before = versions.get(event.stream_id) ?? 0;
      if (event.version !== before + 1) throw new Error(`${event.stream_id}: ${event.version} came after ${before}`);
      versions.set(event.stream_id, event.version);
    }
  };

  it('shows a reader all of 10,000 appends that four processes race to write, once and in order', async () => {
    const shared = range(20).map((n) => `shared_${n}`);
    const writers = Promise.all(
      range(4).map((process) =>
        run({ streams: [...shared, ...range(100).map((n) => `own_${process}_${n}`)], commands: 2_500, callers: 25 }),
      ),
    );
    const seen = await tail(writers);
    expect(await writers).toEqual(range(4).map(() => ({ accepted: 2_500 })));
    expectWholeInOrder(seen, 10_000);
  });

  it('accepts exactly the limit on one hot stream from two concurrent processes', async () => {
    const appender = { streams: ['hot'], commands: 500, callers: 500, limit: 700 };
    const [one, two] = await Promise.all([run(appender), run(appender)]);
    const total = (ending: string): number => (one[ending] ?? 0) + (two[ending] ?? 0);
    expect(total('accepted')).toBe(700);
    expect(total('LimitReached')).toBe(300);
    expect((await store.load(counters, 'hot')).version).toBe(700);
  });

  it('hides no event of 32 plain writers, one in twenty of which rolls back', async () => {
    let committed = 0;
    const write = async (writer: number): Promise<void> => {
      const client = await log.pool.connect();
      for (const n of range(60)) {
        const rolledBack = (writer + n) % 20 === 0;
        await client.query('begin');
        await client.query(
          `insert into events (id, stream_id, version, type, data, metadata) values ($1, $1, 1, 'counter.increased', '{}', '{}')`,
          [`plain_${writer}_${n}`],
        );
        // A reader that orders by identity alone loses events that are between insert and commit.
        if (n % 3 === 0) await turn();
        await client.query(rolledBack ? 'rollback' : 'commit');
        if (!rolledBack) committed += 1;
      }
      client.release();
    };
    const seen = await tail(Promise.all(range(32).map(write)));
    expect(committed).toBe(32 * 57);
    expectWholeInOrder(seen, committed);
  });
});
