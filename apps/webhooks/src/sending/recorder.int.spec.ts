import { setImmediate as nextTurn } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { Pool } from 'pg';
import { keyedPool } from '#events/subscription/transaction';
import { answered } from '../../../../test/support/sending.ts';
import { freshServiceDatabase, type TestServiceDatabase } from '../../../../test/support/service-database.ts';
import { makeHistory } from '../history/history.ts';
import { TODAY } from '../history/days.ts';
import { webhooksService } from '../webhooks.module.ts';
import type { Claimed } from './claimed.ts';
import { Claims } from './claims.ts';
import { Recorder } from './recorder.ts';
import { defaultSettings } from './settings.ts';

const complain = (error: unknown): void => {
  throw error instanceof Error ? error : new Error(String(error));
};
describe('results of attempts', () => {
  let open: TestServiceDatabase;
  let keyed: Pool;
  let claimed: readonly Claimed[];
  let recorder: Recorder;
  beforeEach(async () => {
    open = await freshServiceDatabase('webhooks', webhooksService.migrations);
    await makeHistory(open.pool);
    keyed = keyedPool(open.pool, 2, complain);
    await open.pool.query(
      `insert into webhook_endpoints (id, version, url, events, ordering, active, secrets, settings, created_at)
       values ('whk_1', 1, 'https://example.com', '["*"]', 'none', true, '[]', '{}', now());
       insert into outgoing_events (day, event_id, type, body) values (${TODAY}, 'evt_1', 'license.created', '{}');
       insert into deliveries (id, day, seq, endpoint_id, event_id, event_type, status, due_at)
       select 'dlv_' || n, ${TODAY}, n, 'whk_1', 'evt_1', 'license.created', 'pending', now() from generate_series(1, 12) n`,
    );
    const claims = new Claims(open.pool, keyed, '00000000-0000-4000-8000-000000000000', 15_000);
    ({ claimed } = await claims.take(new Map([['whk_1', 12]]), new Map()));
    const by = { owner: claims.owner, circuit: defaultSettings.circuit };
    recorder = new Recorder(open.pool, keyed, by, () => undefined, complain);
    // Timers fire only when a test advances them.
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'performance', 'Date'] });
  });
  afterEach(async () => {
    jest.useRealTimers();
    await recorder.stop();
    await keyed.end();
    await open.drop();
  });

  /** @param more results of the same lane are expected soon */
  const keep = async (from: number, to: number, more: boolean): Promise<Promise<boolean>[]> => {
    const kept: Promise<boolean>[] = [];
    for (const delivery of claimed.slice(from, to)) {
      kept.push(recorder.keep({ delivery, attempt: answered(), status: 'succeeded', pause: undefined }, more));
      for (let turns = 0; turns < 3; turns++) await nextTurn();
    }
    return kept;
  };

  /** Sizes of the groups: how many results each transaction wrote. */
  const groups = async (): Promise<number[]> => {
    const { rows } = await open.pool.query<{ size: number }>(
      'select count(*)::int as size from attempts group by xmin order by min(at), size',
    );
    return rows.map(({ size }) => size);
  };

  it('wait for results that will come soon, and are written together', async () => {
    const kept = await keep(0, 4, true);
    expect(await groups()).toEqual([]);
    kept.push(...(await keep(4, 5, false)));
    expect(await Promise.all(kept)).toEqual(Array(5).fill(true));
    expect(await groups()).toEqual([5]);
  });

  it('wait for no more than ten', async () => {
    expect(await Promise.all(await keep(0, 10, true))).toEqual(Array(10).fill(true));
    expect(await groups()).toEqual([10]);
  });

  it('wait no longer than three milliseconds for others', async () => {
    const kept = await keep(0, 2, true);
    expect(await groups()).toEqual([]);
    jest.advanceTimersByTime(3);
    expect(await Promise.all(kept)).toEqual([true, true]);
    expect(await groups()).toEqual([2]);
  });

  it('are written at once when no other result is expected', async () => {
    expect(await Promise.all(await keep(0, 1, false))).toEqual([true]);
    expect(await Promise.all(await keep(1, 2, false))).toEqual([true]);
    expect(await groups()).toEqual([1, 1]);
  });
});
