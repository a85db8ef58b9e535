import pg from 'pg';
import type { FloatingEvent } from '#domain/licensing/floating/floating';
import type { RecordedEvent } from '#events/event';
import { startApp, type TestApp } from '../../../../test/support/app.ts';
import { licensingService } from '../licensing.module.ts';
import { sessionsProjection } from './session.projection.ts';

const ids = (session_id: string) => ({ product_id: 'prod_1', license_id: 'lic_1', session_id });
const at = (minute: number): string => new Date(Date.UTC(2026, 0, 31, 9, minute)).toISOString();
const begun = (session_id: string, minute: number): FloatingEvent => ({
  type: 'floating.checked_out',
  ...ids(session_id),
  customer_id: 'cus_1',
  identifier: session_id,
  identifier_hash: `hash_${session_id}`,
  label: 'Desk 7',
  checked_out_at: at(minute),
  expires_at: at(minute + 30),
  borrowed_until: null,
});
const EVENTS: readonly FloatingEvent[] = [
  begun('a', 0),
  begun('b', 1),
  { type: 'floating.renewed', ...ids('a'), renewed_at: at(2), expires_at: at(32), borrowed_until: at(32) },
  { type: 'floating.relabeled', ...ids('a'), customer_id: 'cus_1', label: null },
  { type: 'floating.checked_in', ...ids('b'), reason: 'client' },
  begun('c', 3),
  { type: 'floating.renewed', ...ids('a'), renewed_at: at(5), expires_at: at(35), borrowed_until: at(32) },
  { type: 'floating.expired', ...ids('c'), expires_at: at(33) },
];
const recorded = EVENTS.map((event, n): RecordedEvent<FloatingEvent> => ({
  id: `evt_${n}`,
  position: n + 1,
  stream_id: 'lic_1/floating',
  version: n + 1,
  type: event.type,
  schema_version: 1,
  event,
  metadata: { actor: { type: 'system', id: 'test' }, correlation_id: 'test' },
  recorded_at: at(40 + n),
}));

describe('the table of floating sessions', () => {
  let app: TestApp;
  let client: pg.Client;
  beforeAll(async () => {
    app = await startApp({ services: [licensingService] });
    client = new pg.Client({ connectionString: app.databaseUrl, options: '-c search_path=licensing', pipeline: true });
    await client.connect();
    // The projection reads the recorded time of each event from the log.
    await client.query(
      `insert into events (id, stream_id, version, type, data, metadata, recorded_at)
       select id, stream_id, version, type, '{}', '{}', recorded_at
       from jsonb_populate_recordset(null::events, $1)`,
      [JSON.stringify(recorded)],
    );
  });
  afterAll(async () => {
    await client.end();
    await app.close();
  });

  /** The rows after the projection of these ranges of events, one batch per range, in this order. */
  const rowsAfter = async (...batches: readonly (readonly [number, number])[]): Promise<unknown[]> => {
    await client.query('begin');
    try {
      for (const [from, to] of batches)
        await sessionsProjection.handle(recorded.slice(from, to), client as unknown as pg.PoolClient);
      return (await client.query<object>('select * from floating_sessions order by id')).rows;
    } finally {
      await client.query('rollback');
    }
  };

  it('has the present state of each session', async () => {
    const [a, b, c] = await rowsAfter([0, EVENTS.length]);
    const row = { license_id: 'lic_1', product_id: 'prod_1', label: 'Desk 7', borrowed_until: null, ended_at: null };
    expect(a).toMatchObject({
      ...row,
      id: 'a',
      version: 7,
      begun_in: 1,
      label: null,
      checked_out_at: new Date(at(0)),
      renewed_at: new Date(at(5)),
      expires_at: new Date(at(35)),
      borrowed_until: new Date(at(32)),
    });
    expect(b).toMatchObject({ ...row, id: 'b', version: 5, begun_in: 2, ended_at: new Date(at(44)) });
    expect(c).toMatchObject({ ...row, id: 'c', version: 8, begun_in: 6, ended_at: new Date(at(33)) });
  });

  it('is the same for any split into batches, and if some events are repeated', async () => {
    const whole = await rowsAfter([0, EVENTS.length]);
    for (let cut = 1; cut < EVENTS.length; cut += 1) {
      expect(await rowsAfter([0, cut], [cut, EVENTS.length])).toEqual(whole);
      expect(await rowsAfter([0, cut], [0, EVENTS.length])).toEqual(whole);
      expect(await rowsAfter([0, EVENTS.length], [cut - 1, EVENTS.length])).toEqual(whole);
    }
    expect(await rowsAfter(...EVENTS.map((_, n) => [n, n + 1] as const))).toEqual(whole);
  });
});
