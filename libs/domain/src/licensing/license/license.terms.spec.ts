import { specification } from '../../../testing/given.ts';
import { addDays } from '../../shared/time.ts';
import type { Activate } from './license.activations.ts';
import { decideLicense, type IssueLicense, type LicenseCommand } from './license.commands.ts';
import { activationOf, eventsAfter, issueOf, planOf } from '../../../testing/license.given.ts';
import type { Plan } from './on-license.ts';
import { type License, type LicenseEvent, type LicenseState, licenseStream } from './license.ts';
import type { RenewLicense } from './license.terms.ts';
import type { TransferLicense } from './license.transfer.ts';

const given = specification<LicenseCommand, LicenseEvent, LicenseState>({ ...licenseStream, decide: decideLicense });

const T0 = '2026-01-01T09:00:00.000Z';
const later = (days: number): string => addDays(T0, days);

const plan = planOf({ license_type: 'subscription', billing_interval: 'month' });
const waiting: Plan = { ...plan, term_starts: 'first_activation' };
const perpetual: Plan = { ...plan, license_type: 'perpetual', billing_interval: null, updates_days: 365 };
const trial: Plan = { ...plan, plan_id: 'plan_trial', license_type: 'trial', trial_days: 14 };

const issue = (of: Plan, over: Partial<IssueLicense> = {}): IssueLicense =>
  issueOf(of, {
    customer_id: 'cus_ada',
    name: 'Ada',
    org_name: 'Engines',
    external_customer_id: 'crm-1',
    now: T0,
    ...over,
  });
const renew = (of: Plan, days: number, over: Partial<RenewLicense> = {}): LicenseCommand => ({
  type: 'RenewLicense',
  plan: of,
  now: later(days),
  valid_until: undefined,
  ...over,
});
const activate = (of: Plan, days: number, device = 'a'): Activate => activationOf(of, device, { now: later(days) });
const transfer = (over: Partial<TransferLicense> = {}): TransferLicense => ({
  type: 'TransferLicense',
  customer_id: 'cus_grace',
  email: 'grace@example.com',
  name: undefined,
  org_name: undefined,
  external_customer_id: undefined,
  external_workspace_id: undefined,
  release_activations: false,
  reason: null,
  now: later(2),
  ...over,
});
const fold = (events: readonly LicenseEvent[]): LicenseState =>
  events.reduce(licenseStream.evolve, licenseStream.initialState);
const license = (...commands: LicenseCommand[]): License => {
  const state = fold(eventsAfter(...commands));
  if (state.status === 'none') throw new Error('no license');
  return state;
};

describe('a term that begins with the first activation', () => {
  it('has no end before the activation, and a whole interval after it', () => {
    given()
      .when(issue(waiting))
      .thenMatches([{ status: 'active', valid_until: null, term_started_at: null }]);
    given(...eventsAfter(issue(waiting)))
      .when(activate(waiting, 100))
      .thenMatches([
        { type: 'activation.added' },
        { type: 'license.term_started', started_at: later(100), valid_until: '2026-05-11T09:00:00.000Z' },
      ]);
    given(...eventsAfter(issue(waiting), activate(waiting, 100)))
      .when(activate(waiting, 101, 'b'))
      .thenMatches([{ type: 'activation.added' }]);
  });
  it('never ends before it has begun', () => {
    given(...eventsAfter(issue(waiting)))
      .when({ type: 'LetTimePass', plan: waiting, now: later(3_000) })
      .thenNothing();
  });
  it('is the trial term, if the plan begins with a trial', () => {
    const tried = { ...waiting, trial_days: 14 };
    expect(license(issue(tried), activate(tried, 10))).toMatchObject({
      status: 'trialing',
      valid_until: later(24),
      term_started_at: later(10),
    });
  });
  it('begins at a given date, or ends at a given date', () => {
    given()
      .when(issue(waiting, { valid_from: later(7) }))
      .thenMatches([{ term_started_at: later(7), valid_until: '2026-02-08T09:00:00.000Z' }]);
    given()
      .when(issue(waiting, { valid_until: later(90) }))
      .thenMatches([{ term_started_at: T0, valid_until: later(90) }]);
  });
  it('begins with a renewal that comes before the first activation', () => {
    given(...eventsAfter(issue(waiting)))
      .when(renew(waiting, 31))
      .thenMatches([
        { type: 'license.term_started', started_at: later(31), valid_until: '2026-03-01T09:00:00.000Z' },
        { type: 'license.renewed', valid_until: '2026-03-01T09:00:00.000Z', status: 'active' },
      ]);
  });
  it('keeps waiting after a change of plan if the new plan’s terms wait; otherwise it begins', () => {
    const change = (to: Plan): LicenseCommand => ({ type: 'ChangePlan', plan: to, now: later(5), reason: null });
    given(...eventsAfter(issue(waiting)))
      .when(change({ ...waiting, plan_id: 'plan_2' }))
      .thenMatches([{ type: 'plan.changed', valid_until: null }]);
    given(...eventsAfter(issue(waiting)))
      .when(change({ ...plan, plan_id: 'plan_2' }))
      .thenMatches([
        { type: 'plan.changed', valid_until: null },
        { type: 'license.term_started', started_at: later(5), valid_until: '2026-02-06T09:00:00.000Z' },
      ]);
  });
  it('ends immediately when the license is canceled', () => {
    given(...eventsAfter(issue(waiting)))
      .when({ type: 'CancelLicense', plan: waiting, now: later(1), reason: null })
      .thenMatches([{ valid_until: later(1) }]);
  });
});

describe('a term that is given before the license begins', () => {
  it('begins with it', () => {
    const future = eventsAfter(issue(plan, { valid_from: later(60), valid_until: null }));
    const end = addDays(later(60), 31);
    given(...future)
      .when({ type: 'ChangePlan', plan: { ...plan, plan_id: 'plan_2' }, now: later(1), reason: null })
      .thenMatches([{ type: 'plan.changed', valid_until: end }]);
    given(...future)
      .when(renew(plan, 1))
      .thenMatches([{ type: 'license.renewed', valid_until: end }]);
  });
});

describe('a renewal', () => {
  const fromNow: Plan = { ...plan, renewal_from: 'from_now' };
  it('follows the present term, even in the grace period: grace adds no days', () => {
    given(...eventsAfter(issue(plan)))
      .when(renew(plan, 10))
      .thenMatches([{ valid_until: '2026-03-01T09:00:00.000Z' }]);
    given(...eventsAfter(issue(plan), { type: 'LetTimePass', plan, now: later(33) }))
      .when(renew(plan, 34))
      .thenMatches([{ valid_until: '2026-03-01T09:00:00.000Z', status: 'active' }]);
  });
  it('begins now if the license has expired, even if the event is not written yet', () => {
    given(...eventsAfter(issue(plan)))
      .when(renew(plan, 60))
      .thenMatches([{ valid_until: addDays(later(60), 31), status: 'active' }]);
  });
  it('begins now if the plan renews from now', () => {
    given(...eventsAfter(issue(fromNow)))
      .when(renew(fromNow, 10))
      .thenMatches([{ valid_until: addDays(later(10), 31) }]);
  });
});

describe('updates', () => {
  it('are included for the days of the plan, or without an end if the plan sets none', () => {
    given()
      .when(issue(perpetual))
      .thenMatches([{ valid_until: null, updates_until: later(365) }]);
    given()
      .when(issue(plan))
      .thenMatches([{ updates_until: null }]);
    given()
      .when(issue(perpetual, { updates_until: later(30) }))
      .thenMatches([{ updates_until: later(30) }]);
    given()
      .when(issue(perpetual, { updates_until: null }))
      .thenMatches([{ updates_until: null }]);
    given()
      .when(issue({ ...perpetual, updates_days: 0 }))
      .thenMatches([{ updates_until: T0 }]);
  });
  it('are counted from the beginning of the term', () => {
    const later10 = { ...perpetual, term_starts: 'first_activation' } as const;
    given(...eventsAfter(issue(later10)))
      .when(activate(later10, 10))
      .thenMatches([{ type: 'activation.added' }, { valid_until: null, updates_until: later(375) }]);
  });
  it('continue with a renewal; a window that has closed opens again from now', () => {
    given(...eventsAfter(issue(perpetual)))
      .when(renew(perpetual, 300))
      .thenMatches([{ valid_until: null, updates_until: later(730) }]);
    given(...eventsAfter(issue(perpetual)))
      .when(renew(perpetual, 700))
      .thenMatches([{ updates_until: later(1_065) }]);
    given(...eventsAfter(issue(perpetual)))
      .when(renew({ ...perpetual, renewal_from: 'from_now' }, 300))
      .thenMatches([{ updates_until: later(665) }]);
    given(...eventsAfter(issue(perpetual)))
      .when(renew(perpetual, 300, { updates_until: null }))
      .thenMatches([{ updates_until: null }]);
  });
  it('are not lost by a change of plan', () => {
    const change = (over: Partial<Plan>): LicenseCommand => ({
      type: 'ChangePlan',
      plan: { ...perpetual, plan_id: 'plan_2', ...over },
      now: later(10),
      reason: null,
    });
    given(...eventsAfter(issue(perpetual)))
      .when(change({ updates_days: 30 }))
      .thenMatches([{ updates_until: later(365) }]);
    given(...eventsAfter(issue(perpetual)))
      .when(change({ updates_days: 730 }))
      .thenMatches([{ updates_until: later(740) }]);
    given(...eventsAfter(issue(perpetual)))
      .when(change({ updates_days: null }))
      .thenMatches([{ updates_until: null }]);
  });
});

describe('a trial', () => {
  it('has an event of its own, once per customer and product', () => {
    given()
      .when(issue(trial))
      .thenMatches([{ type: 'license.created' }, { type: 'license.trial_started', customer_id: 'cus_ada' }]);
    given()
      .when(issue({ ...plan, trial_days: 14 }))
      .thenMatches([{ status: 'trialing' }, { type: 'license.trial_started' }]);
    given(...eventsAfter(issue(plan)))
      .when({ type: 'ChangePlan', plan: trial, now: later(1), reason: null })
      .thenMatches([{ type: 'plan.changed', trial: true }, { type: 'license.trial_started' }]);
  });
  it('can be skipped if the plan only adds it, but not if the plan itself is a trial', () => {
    given()
      .when(issue({ ...plan, trial_days: 14 }, { skip_trial: true }))
      .thenMatches([{ type: 'license.created', status: 'active', valid_until: '2026-02-01T09:00:00.000Z' }]);
    given()
      .when(issue(trial, { skip_trial: true }))
      .thenRefused('INVALID_TERM');
  });
  it('counts for a new owner if it is still a trial, and once per owner', () => {
    given(...eventsAfter(issue(trial)))
      .when(transfer())
      .thenMatches([{ type: 'license.transferred' }, { type: 'license.trial_started', customer_id: 'cus_grace' }]);
    given(...eventsAfter(issue(trial), transfer()))
      .when(transfer({ customer_id: 'cus_ada', email: 'ada@example.com' }))
      .thenMatches([{ type: 'license.transferred', previous_customer_id: 'cus_grace' }]);
    given(...eventsAfter(issue(trial), renew(plan, 1)))
      .when(transfer())
      .thenMatches([{ type: 'license.transferred' }]);
  });
});

describe('a transfer', () => {
  it('to another person empties all fields that were not given', () => {
    given(...eventsAfter(issue(plan)))
      .when(transfer({ org_name: 'Navy', reason: 'sold' }))
      .then([
        {
          type: 'license.transferred',
          product_id: 'prod_1',
          customer_id: 'cus_grace',
          previous_customer_id: 'cus_ada',
          email: 'grace@example.com',
          name: null,
          org_name: 'Navy',
          external_customer_id: null,
          external_workspace_id: null,
          reason: 'sold',
        },
      ]);
    expect(license(issue(plan), transfer())).toMatchObject({
      customer_id: 'cus_grace',
      email: 'grace@example.com',
      name: null,
      org_name: null,
    });
  });
  it('to another organization keeps the person', () => {
    given(...eventsAfter(issue(plan)))
      .when(transfer({ customer_id: 'cus_ada', email: 'ada@example.com', org_name: 'Navy' }))
      .thenMatches([{ name: 'Ada', org_name: 'Navy', external_customer_id: 'crm-1' }]);
    given(...eventsAfter(issue(plan)))
      .when(transfer({ customer_id: 'cus_ada', email: 'ada@example.com' }))
      .thenNothing();
  });
  it('keeps the activations, or releases them', () => {
    const events = eventsAfter(issue(plan), activate(plan, 1), activate(plan, 1, 'b'));
    given(...events)
      .when(transfer())
      .thenMatches([{ type: 'license.transferred' }]);
    given(...events)
      .when(transfer({ release_activations: true }))
      .thenMatches([
        { type: 'license.transferred' },
        { type: 'activation.removed', identifier_hash: 'hash of a' },
        { type: 'activation.removed', identifier_hash: 'hash of b' },
      ]);
  });
  it('removes all bindings for another person; for the same one, only the device’s, with its release', () => {
    const bound: Plan = { ...plan, bound_identity: 'email', fingerprint_lock: true };
    const events = eventsAfter(issue(bound), { ...activate(bound, 1), identity_hash: 'hash of ada' });
    const of = (state: LicenseState): unknown => state.status !== 'none' && state.bindings;
    expect(of(fold(events))).toMatchObject({ fingerprint: { hash: 'hash of a' }, identity: { hash: 'hash of ada' } });
    expect(of(fold([...events, ...decideLicense(transfer(), fold(events))]))).toEqual({
      fingerprint: null,
      identity: null,
    });
    const again = transfer({ customer_id: 'cus_ada', email: 'ada@example.com', org_name: 'Navy' });
    given(...events)
      .when(again)
      .thenMatches([{ type: 'license.transferred' }]);
    given(...events)
      .when({ ...again, release_activations: true })
      .thenMatches([
        { type: 'license.transferred' },
        { type: 'activation.removed' },
        { type: 'license.unbound', binding: 'fingerprint' },
      ]);
  });
  it('is refused only for a revoked license', () => {
    const because = { plan, now: later(1), reason: null };
    given(...eventsAfter(issue(plan), { type: 'SuspendLicense', ...because }))
      .when(transfer())
      .thenMatches([{ type: 'license.transferred' }]);
    given(...eventsAfter(issue(plan), { type: 'RevokeLicense', ...because }))
      .when(transfer())
      .thenRefused('LICENSE_REVOKED');
  });
});
