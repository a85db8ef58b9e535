import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { planOf, T0 } from '#domain/testing/license.given';
import { addDays } from '../../shared/time.ts';
import type { BillingHold } from './license.holds.ts';
import { decideLicense, type LicenseCommand } from './license.commands.ts';
import { type License, type LicenseEvent, type LicenseState, licenseStream } from './license.ts';
import { usability } from './license.usability.ts';
import type { Plan } from './on-license.ts';

const policies = fc.record({
  end_policy: fc.constantFrom('expire' as const, 'suspend' as const, 'keep' as const),
  refund_policy: fc.constantFrom('revoke' as const, 'suspend' as const, 'keep' as const),
  dispute_policy: fc.constantFrom('suspend' as const, 'revoke' as const, 'keep' as const),
  pause_policy: fc.constantFrom('suspend' as const, 'keep' as const),
  grace_days: fc.constantFrom(0, 7),
});

const STEPS = [
  'activated',
  'renewal_invoiced',
  'renewed',
  'past_due',
  'grace_ended',
  'plan_changed',
  'paused',
  'unpaused',
  'refunded',
  'opened',
  'won',
  'lost',
  'ended',
  'suspend',
  'reinstate',
  'letTimePass',
] as const;
const step = fc.record({
  does: fc.constantFrom(...STEPS),
  hours: fc.integer({ min: 0, max: 1_000 }),
  days: fc.integer({ min: -5, max: 60 }),
  flag: fc.boolean(),
  quantity: fc.integer({ min: 1, max: 5 }),
  /** How many events ago an event comes again, after this one. */
  again: fc.option(fc.nat(5)),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const PAID: readonly BillingHold[] = ['unpaid', 'refunded', 'ended'];

const commandOf = ({ does, days, flag, quantity }: Step, plan: Plan, now: string, version: number): LicenseCommand => {
  const on = { plan, now, subscription_version: version };
  const term = { from: now, valid_until: addDays(now, days), trial: flag };
  switch (does) {
    case 'activated':
    case 'renewed':
      return { ...on, ...term, type: 'SetTerm', paid: true, lifts: PAID };
    case 'renewal_invoiced':
      return { ...on, ...term, type: 'SetTerm', paid: false, lifts: [] };
    case 'unpaused':
      return { ...on, ...term, type: 'SetTerm', paid: false, lifts: ['paused'] };
    case 'past_due':
      return { ...on, type: 'MarkPastDue', past_due_at: now, grace_until: addDays(now, plan.grace_days) };
    case 'grace_ended':
      return { ...on, type: 'EndGraceByBilling' };
    case 'plan_changed': {
      const to = flag ? plan : { ...plan, plan_id: 'plan_2' };
      return { ...on, type: 'ChangeByBilling', to, quantity, valid_until: addDays(now, days), trial: false };
    }
    case 'paused':
      return { ...on, type: 'PauseByBilling' };
    case 'refunded':
      return { ...on, type: 'RefundByBilling' };
    case 'opened':
    case 'won':
    case 'lost':
      return { ...on, type: 'DisputeByBilling', dispute: does };
    case 'ended':
      return {
        ...on,
        type: 'EndOfSubscription',
        valid_until: flag ? null : addDays(now, days),
        reason: null,
        unpaid: false,
      };
    case 'suspend':
      return { type: 'SuspendLicense', plan, now, reason: null };
    case 'reinstate':
      return { type: 'ReinstateLicense', plan, now, reason: null };
    case 'letTimePass':
      return { type: 'LetTimePass', plan, now };
  }
};

const isOperators = ({ does }: Step): boolean => does === 'suspend' || does === 'reinstate' || does === 'letTimePass';

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

describe('any sequence of events of billing, with any repetitions', () => {
  it('has each effect once, and never lifts what an operator has decided', () => {
    const reached = new Set<string>();
    const life = fc.tuple(policies, fc.boolean(), fc.array(step, { maxLength: 20 }));
    fc.assert(
      fc.property(life, ([over, trial, steps]) => {
        const plan = planOf({ license_type: 'subscription', billing_interval: 'month', ...over });
        const issue: LicenseCommand = {
          type: 'IssueForSale',
          plan,
          sale: { subscription_id: 'sub_1', payment_provider: 'bank_transfer', invoice_id: null },
          customer_id: 'cus_1',
          email: null,
          name: null,
          locale: null,
          external_customer_id: null,
          key_hash: 'hash',
          key_sealed: 'sealed',
          quantity: 1,
          from: T0,
          valid_until: addDays(T0, 30),
          trial,
          paid: true,
          subscription_version: 1,
          now: T0,
        };
        const events: LicenseEvent[] = [...decideLicense(issue, licenseStream.initialState)];
        let state = events.reduce(licenseStream.evolve, licenseStream.initialState) as License;
        let now = T0;
        const history: LicenseCommand[] = [];
        const run = (command: LicenseCommand): readonly LicenseEvent[] => {
          const before = state;
          let decided: readonly LicenseEvent[];
          try {
            decided = decideLicense(command, before);
          } catch {
            return [];
          }
          const { type } = command;
          state = decided.reduce(licenseStream.evolve, before as LicenseState) as License;
          events.push(...decided);
          for (const event of decided) reached.add(event.type);
          must(before.status !== 'revoked' || decided.length === 0, `${type} changed a revoked license`);
          const byOperator = type === 'ReinstateLicense';
          must(
            !before.holds.has('operator') || byOperator || state.holds.has('operator') || state.status === 'revoked',
            `${type} lifted the operator’s hold`,
          );
          must(
            (state.status === 'suspended') === (state.status !== 'revoked' && state.holds.size > 0),
            `${state.status} with ${state.holds.size} holds after ${type}`,
          );
          must(
            state.status === 'suspended' || state.status === 'revoked' || state.status === state.resumes_as,
            `${state.status}, yet ${state.resumes_as}`,
          );
          must(
            (state.past_due_at !== null) === (state.resumes_as === 'past_due'),
            `past due at ${state.past_due_at}, but ${state.resumes_as}`,
          );
          return decided;
        };
        for (const [n, one] of steps.entries()) {
          now = addDays(now, one.hours / 24);
          const command = commandOf(one, plan, now, n + 2);
          run(command);
          if (!isOperators(one)) history.push(command);
          const again = one.again === null ? undefined : history.at(-1 - one.again);
          if (again !== undefined)
            must(run({ ...again, now } as LicenseCommand).length === 0, `${again.type} had its effect twice`);
        }
        for (const command of history)
          must(run(command).length === 0, `${command.type} had its effect twice in a replay`);
        // The scheduler comes to an end: what is due happens once.
        const late = addDays(now, 200);
        run({ type: 'LetTimePass', plan, now: late });
        must(run({ type: 'LetTimePass', plan, now: late }).length === 0, 'time has passed twice');
        if (state.resumes_as === 'active' || state.resumes_as === 'trialing' || state.resumes_as === 'past_due')
          must(
            state.status !== state.resumes_as || usability(state, plan, late) !== 'expired',
            'expired without an event',
          );
        const logged = JSON.parse(JSON.stringify(events)) as LicenseEvent[];
        must(
          isDeepStrictEqual(logged.reduce(licenseStream.evolve, licenseStream.initialState), state),
          'events do not fold to the state',
        );
      }),
      { numRuns: 10_000 },
    );
    expect([...reached]).toEqual(
      expect.arrayContaining([
        'license.renewed',
        'license.past_due',
        'license.suspended',
        'license.held',
        'license.released',
        'license.reinstated',
        'license.canceled',
        'license.expired',
        'license.revoked',
        'license.quantity_changed',
        'license.billing_followed',
        'plan.changed',
      ]),
    );
  });
});
