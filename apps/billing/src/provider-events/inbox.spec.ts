import { randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import { createMasterKey } from '#platform/crypto/master-key';
import type { VerifiedEvent } from './door.ts';
import { Inbox } from './inbox.ts';

const MASTER_KEY = createMasterKey(Buffer.alloc(32, 1));

interface Statement {
  readonly event_ids: readonly string[];
  readonly deliveries: readonly number[];
  readonly succeed: () => void;
  readonly fail: (error: Error) => void;
}

/** An inbox, and the statements that it sends; each of them waits for the test to let it succeed or fail. */
const opened = () => {
  const statements: Statement[] = [];
  const query = ({ values }: { readonly values: readonly unknown[] }): Promise<void> =>
    new Promise((succeed, fail) => {
      const [, , event_ids, , , , , , , , , , , deliveries] = values as (readonly never[])[];
      statements.push({ event_ids: event_ids ?? [], deliveries: deliveries ?? [], succeed, fail });
    });
  const inbox = new Inbox({ schema: 'billing', pool: { query } } as never, MASTER_KEY);
  const keep = (event_id: string, bytes = 10): Promise<void> => {
    const event: VerifiedEvent = {
      event_id,
      type: 'invoice.paid',
      object: { kind: 'invoice', id: 'in_1' },
      account: null,
      livemode: false,
      created_at: '2027-03-01T12:00:00.000Z',
      api_version: null,
      shape: 'snapshot',
      foreign: null,
    };
    return inbox.keep({ provider: 'stripe', event, raw: randomBytes(bytes) });
  };
  const next = async (): Promise<Statement> => {
    for (let turn = 0; turn < 20 && statements.length === 0; turn++) await Promise.resolve();
    const statement = statements.shift();
    if (statement === undefined) throw new Error('no statement was sent');
    return statement;
  };
  return { keep, next };
};

const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `evt_${String(n).padStart(4, '0')}`);

describe('the inbox for events of providers', () => {
  it('writes together what arrives while a statement is under way, each event once', async () => {
    const { keep, next } = opened();
    const first = keep('evt_b');
    const rest = [keep('evt_c'), keep('evt_a'), keep('evt_c')];
    const one = await next();
    expect(one.event_ids).toEqual(['evt_b']);
    one.succeed();
    await first;
    const two = await next();
    expect([two.event_ids, two.deliveries]).toEqual([
      ['evt_a', 'evt_c'],
      [1, 2],
    ]);
    two.succeed();
    await Promise.all(rest);
  });

  it('writes at most 200 events, or 8 MiB of bodies, in one statement', async () => {
    const { keep, next } = opened();
    const all = [keep('evt_first'), ...ids(250).map((id) => keep(id))];
    const large = [keep('evt_x', 5 * 2 ** 20), keep('evt_y', 5 * 2 ** 20)];
    const counts: number[] = [];
    for (let n = 0; n < 4; n++) {
      const statement = await next();
      counts.push(statement.event_ids.length);
      statement.succeed();
    }
    expect(counts).toEqual([1, 200, 51, 1]);
    await Promise.all([...all, ...large]);
  });

  it('writes events one by one if the database refuses them together', async () => {
    const { keep, next } = opened();
    const first = keep('evt_first');
    const [good, bad] = [keep('evt_1'), keep('evt_2')];
    const refused = expect(bad).rejects.toThrow('too long');
    (await next()).succeed();
    (await next()).fail(new Error('too long'));
    (await next()).succeed();
    (await next()).fail(new Error('too long'));
    await Promise.all([first, good, refused]);
  });

  it('refuses all events at once while the database is away, and takes the next ones', async () => {
    const { keep, next } = opened();
    const first = keep('evt_first');
    const failed = [keep('evt_1'), keep('evt_2')].map((kept) => expect(kept).rejects.toThrow('ECONNREFUSED'));
    (await next()).succeed();
    (await next()).fail(Object.assign(new Error('ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    await Promise.all([first, ...failed]);
    const later = keep('evt_1');
    (await next()).succeed();
    await later;
  });

  it('answers 503 if the database takes too long, and forgets what it has not begun to write', async () => {
    jest.useFakeTimers();
    try {
      const { keep, next } = opened();
      const late = [keep('evt_1'), keep('evt_2')].map((kept) =>
        expect(kept).rejects.toMatchObject({ status: 503, code: 'UNAVAILABLE' }),
      );
      const slow = await next();
      jest.advanceTimersByTime(5_000);
      await Promise.all(late);
      const fresh = keep('evt_3');
      slow.succeed();
      const then = await next();
      expect(then.event_ids).toEqual(['evt_3']);
      then.succeed();
      await fresh;
    } finally {
      jest.useRealTimers();
    }
  });
});
