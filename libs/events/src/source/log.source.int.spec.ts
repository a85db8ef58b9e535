import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../../../../test/support/app.ts';
import { freshLog, type TestLog } from '../../../../test/support/log.ts';
import { Bell } from '../bell.ts';
import type { EventContract } from '../contract.ts';
import type { DomainEvent, StreamType } from '../decider.ts';
import type { EventStore } from '../store.ts';
import { LogSource } from './log.source.ts';

const things: StreamType<number> = { name: 'thing', initialState: 0, evolve: (count) => count + 1 };
const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;

const contract = (type: string): EventContract<never> => ({
  type,
  service: 'things',
  schema_version: 1,
  description: type,
  subject: 'thing_1',
  example: {},
  data: {},
  publish: () => ({}),
});
const contracts = ['thing.made', 'thing.used', 'thing.lost', 'other.made'].map(contract);

describe('a log as a source', () => {
  let log: TestLog;
  let store: EventStore;
  const opened: LogSource[] = [];

  const append = (...types: string[]): Promise<unknown> =>
    store.handle(things, 'thing_1', () => types.map((type): DomainEvent => ({ type })), { metadata });
  const listen = (types?: readonly string[], unwanted?: string) => {
    const fail = (error: unknown): void => expect(error).toBeUndefined();
    const source = new LogSource('things', log.pool, contracts, fail, types, unwanted);
    opened.push(source);
    let position = 0;
    return async (limit = 10): Promise<string[]> => {
      const batch = await source.next(() => position, limit, AbortSignal.timeout(5_000));
      if (batch === undefined) throw new Error('nothing came');
      position = batch.position;
      return [...batch.events.map(({ type }) => type), `up to ${position}`];
    };
  };

  beforeEach(async () => {
    log = await freshLog();
    store = await log.open({ streams: [things] });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((source) => source.close()));
    await log.drop();
  });

  it('delivers the wanted types, and skips the others', async () => {
    await append('thing.used', 'thing.made', 'thing.used', 'other.made', 'thing.lost');
    expect(await listen(['thing.made', 'other.*'])()).toEqual(['thing.made', 'other.made', 'up to 5']);
    expect(await listen(['nothing.*'])()).toEqual(['up to 5']);
    expect(await listen()()).toHaveLength(6);
  });

  it('leaves out types that are unwanted at present, until they are wanted', async () => {
    await log.pool.query(`create table disliked (type text); insert into disliked values ('thing.used')`);
    const next = listen(['thing.*'], 'array(select type from disliked)');
    await append('thing.used', 'thing.made', 'thing.used');
    expect(await next()).toEqual(['thing.made', 'up to 3']);
    await append('thing.used');
    expect(await next()).toEqual(['up to 4']);
    await log.pool.query('truncate disliked');
    await append('thing.used');
    expect(await next()).toEqual(['thing.used', 'up to 5']);
  });

  it('continues above the last event when there are more than the limit', async () => {
    await append('thing.used', 'thing.made', 'thing.made', 'thing.used', 'thing.made');
    const next = listen(['thing.made']);
    expect(await next(2)).toEqual(['thing.made', 'thing.made', 'up to 3']);
    expect(await next(2)).toEqual(['thing.made', 'up to 5']);
    const coming = next();
    await append('thing.used', 'thing.made');
    expect(await coming).toEqual(['thing.made', 'up to 7']);
  });

  it('is woken by wanted events only', async () => {
    const rung = jest.spyOn(Bell.prototype, 'ring');
    const next = listen(['thing.made']);
    await append('thing.made');
    await next();
    // A new listener may have missed a notification.
    await eventually(() => rung.mock.calls.length > 0);
    rung.mockClear();
    for (let n = 0; n < 5; n++) await append('thing.used', 'thing.lost');
    await append('thing.used', 'thing.made');
    // Messages come in the order in which they were sent.
    await eventually(() => rung.mock.calls.length > 0);
    expect(rung).toHaveBeenCalledTimes(1);
    rung.mockRestore();
  });

  it('sleeps until it is notified, while many unwanted events are written', async () => {
    const next = listen(['thing.made']);
    await append('thing.used');
    expect(await next()).toEqual(['up to 1']);
    const asked = jest.spyOn(pg.Client.prototype, 'query');
    const since = performance.now();
    let last: string[] = [];
    const reading = (async () => {
      while (!last.includes('thing.made')) last = await next();
    })();
    for (let n = 0; n < 40; n++) {
      await append('thing.used');
      await sleep(25);
    }
    const looks = asked.mock.calls.filter(([query]) => JSON.stringify(query).includes('published_things'));
    const passed = performance.now() - since;
    asked.mockRestore();
    await append('thing.made');
    await reading;
    // Without notifications it looks every half a second, and once more if it started to listen meanwhile.
    expect(looks.length).toBeLessThanOrEqual(passed / 500 + 2);
  });
});
