import fc from 'fast-check';
import { decideLicense } from '#domain/licensing/license/license.commands';
import { issueOf } from '#domain/testing/license.given';
import type { Plan } from '#domain/licensing/license/on-license';
import { type LicenseEvent, type LicenseState, licenseStream } from '#domain/licensing/license/license';
import { newId } from '#domain/shared/id';
import { Refusal } from '#domain/shared/refusal';
import type { RecordedEvent } from '#events/event';
import { inTransaction } from '#events/subscription/transaction';
import { BIRTH, issued, type Life, lives, momentsOf, PLANS } from '../../../../test/support/license-lives.ts';
import { freshServiceDatabase, type TestServiceDatabase } from '../../../../test/support/service-database.ts';
import { licensingService } from '../licensing.module.ts';
import { licensesProjection } from './license.projection.ts';
import type { LicenseRow } from './license.table.ts';
import { viewRow, viewState } from './license.view.ts';

/** A license with all its events, after a generated sequence of commands. */
interface Lived {
  readonly id: string;
  readonly state: LicenseState;
  readonly events: readonly LicenseEvent[];
}

const live = (life: Life): Lived => {
  const events: LicenseEvent[] = [];
  let state: LicenseState = licenseStream.initialState;
  for (const { command } of momentsOf(life, () => state)) {
    try {
      const decided = decideLicense(command, state);
      state = decided.reduce(licenseStream.evolve, state);
      events.push(...decided);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (state.status === 'none') break;
    }
  }
  return { id: newId('lic'), state, events };
};

/** The term ends during a suspension without a `LetTimePass` command. */
const asleep: Life = {
  issue: issueOf(PLANS[0] as Plan, { now: BIRTH }),
  steps: (['suspend', 'reinstate'] as const).map((deed) => ({
    deed,
    hours: deed === 'suspend' ? 0 : 2_000,
    who: 'a',
    plan: PLANS[0] as Plan,
    days: null,
    number: 0,
    flag: false,
  })),
};

const FAR = '2999-01-01T00:00:00.000Z';

describe('the list of licenses', () => {
  let database: TestServiceDatabase;
  const lived = [asleep, ...fc.sample(lives(25), 2_000)].map(live).filter(({ events }) => events.length > 0);
  const rows = new Map<string, LicenseRow>();

  beforeAll(async () => {
    database = await freshServiceDatabase('licensing', licensingService.migrations);
    const { pool } = database;
    // The generated command sequences repeat license keys.
    await pool.query('alter table licenses drop constraint licenses_key_hash');
    let position = 0;
    const log = lived.flatMap(({ id, events }) =>
      events.map((event, n) => ({
        id: newId('evt'),
        position: (position += 1),
        stream_id: id,
        version: n + 1,
        type: event.type,
        schema_version: 1,
        event: JSON.parse(JSON.stringify(event)) as LicenseEvent,
        metadata: { actor: { type: 'system', id: 'test' }, correlation_id: 'test' },
        recorded_at: '2026-01-01T00:00:00.000Z',
      })),
    ) as RecordedEvent[];
    // In small batches, so that rows are read back and written again.
    for (let n = 0; n < log.length; n += 7)
      await inTransaction(pool, (tx) => licensesProjection.handle(log.slice(n, n + 7), tx));
    const found = await pool.query<LicenseRow>('select * from licenses');
    for (const row of found.rows) rows.set(row.id, row);
  });
  afterAll(async () => {
    await database.drop();
  });

  const rowOf = (id: string): LicenseRow => rows.get(id) ?? fail(id);
  const fail = (id: string): never => {
    throw new Error(`no row of ${id}`);
  };

  it('shows the present state of each license', () => {
    expect(lived.length).toBeGreaterThan(200);
    for (const { id, state, events } of lived) {
      expect(viewRow(rowOf(id))).toEqual(viewState(id, issued(state)));
      expect(rowOf(id).version).toBe(events.length);
    }
  });

  it('has a due date exactly if time will change the license', () => {
    for (const { id, state } of lived) {
      const license = issued(state);
      const plan = PLANS.find(({ plan_id }) => plan_id === license.plan_id) ?? fail(license.plan_id);
      const brings = decideLicense({ type: 'LetTimePass', plan, now: FAR }, license).length > 0;
      const { status, resumes_as, due_at } = rowOf(id);
      expect({ status, resumes_as, due: due_at !== null }).toEqual({ status, resumes_as, due: brings });
    }
  });
});
