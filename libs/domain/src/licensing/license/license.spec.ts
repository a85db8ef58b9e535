import { specification } from '../../../testing/given.ts';
import { addDays } from '../../shared/time.ts';
import type { Activate } from './license.activations.ts';
import { decideLicense, type IssueLicense, type LicenseCommand } from './license.commands.ts';
import { activationOf, eventsAfter, issueOf, planOf, T0 } from '../../../testing/license.given.ts';
import type { Plan } from './on-license.ts';
import { type LicenseEvent, type LicenseState, licenseStream, type LicenseStatus } from './license.ts';

const given = specification<LicenseCommand, LicenseEvent, LicenseState>({ ...licenseStream, decide: decideLicense });

const later = (days: number): string => addDays(T0, days);

const plan = planOf({ license_type: 'subscription', billing_interval: 'month', max_activations: 2 });
const perpetual: Plan = { ...plan, plan_id: 'plan_2', license_type: 'perpetual', billing_interval: null };
const trial: Plan = { ...plan, plan_id: 'plan_3', license_type: 'trial', trial_days: 14 };

const issue = (of: Plan = plan, over: Partial<IssueLicense> = {}): IssueLicense => issueOf(of, over);
const issued = (of: Plan = plan, over: Partial<IssueLicense> = {}): LicenseEvent[] => eventsAfter(issueOf(of, over));

const because = { reason: 'because', plan, now: later(1) };
const suspend: LicenseCommand = { type: 'SuspendLicense', ...because };
const reinstate: LicenseCommand = { type: 'ReinstateLicense', ...because };
const revoke: LicenseCommand = { type: 'RevokeLicense', ...because };
const cancel: LicenseCommand = { type: 'CancelLicense', ...because };
const renew: LicenseCommand = { type: 'RenewLicense', plan, now: later(1), valid_until: undefined };
const change: LicenseCommand = { type: 'ChangePlan', plan: perpetual, now: later(1), reason: null };
const activate = (device: string, over: Partial<Activate> = {}): Activate =>
  activationOf(plan, device, { now: later(1), ...over });
const after = (...commands: LicenseCommand[]): LicenseEvent[] => eventsAfter(issue(), ...commands);
const lapse = (days: number): LicenseCommand => ({ type: 'LetTimePass', plan, now: later(days) });

describe('issuing', () => {
  it('gives a subscription its interval, in calendar months', () => {
    given()
      .when(issue())
      .thenMatches([
        { type: 'license.created', status: 'active', valid_from: T0, valid_until: '2026-02-28T09:00:00.000Z' },
      ]);
  });
  it('gives a perpetual license no end', () => {
    given()
      .when(issue(perpetual))
      .thenMatches([{ status: 'active', valid_until: null, trial: false }]);
  });
  it('gives a trial its days', () => {
    given()
      .when(issue(trial))
      .thenMatches([{ status: 'trialing', valid_until: later(14), trial: true }, { type: 'license.trial_started' }]);
  });
  it('sets the status by time if the term is over, as imports need', () => {
    const over = { valid_from: later(-60), valid_until: later(-3) };
    given()
      .when(issue(plan, over))
      .thenMatches([{ status: 'past_due' }]);
    given()
      .when(issue({ ...plan, grace_days: 0 }, over))
      .thenMatches([{ status: 'expired' }]);
  });
  it('refuses a term that ends before it begins, an inactive plan, and an id that exists', () => {
    given()
      .when(issue(plan, { valid_from: later(1), valid_until: T0 }))
      .thenRefused('INVALID_TERM');
    given()
      .when(issue({ ...plan, active: false }))
      .thenRefused('PLAN_INACTIVE');
    given(...issued())
      .when(issue())
      .thenRefused('LICENSE_EXISTS');
  });
});

describe('transitions', () => {
  const states: Record<LicenseStatus, LicenseEvent[]> = {
    active: issued(),
    trialing: issued(trial),
    past_due: after(lapse(29)),
    expired: after(lapse(60)),
    canceled: after(cancel),
    suspended: after(suspend),
    revoked: after(revoke),
  };
  const nothing = 'nothing';
  const inUse = {
    suspend: 'license.suspended',
    reinstate: 'INVALID_TRANSITION',
    revoke: 'license.revoked',
    cancel: 'license.canceled',
    renew: 'license.renewed',
    change: 'plan.changed',
  };
  const outcomes: Record<LicenseStatus, typeof inUse> = {
    active: inUse,
    trialing: inUse,
    past_due: inUse,
    expired: { ...inUse, cancel: 'INVALID_TRANSITION' },
    canceled: { ...inUse, cancel: nothing, renew: 'LICENSE_CANCELED', change: 'LICENSE_CANCELED' },
    suspended: {
      ...inUse,
      suspend: nothing,
      reinstate: 'license.reinstated',
      renew: 'LICENSE_SUSPENDED',
      change: 'LICENSE_SUSPENDED',
    },
    revoked: {
      suspend: 'LICENSE_REVOKED',
      reinstate: 'LICENSE_REVOKED',
      revoke: nothing,
      cancel: 'LICENSE_REVOKED',
      renew: 'LICENSE_REVOKED',
      change: 'LICENSE_REVOKED',
    },
  };
  const commands: Record<string, LicenseCommand> = { suspend, reinstate, revoke, cancel, renew, change };
  const cases = Object.entries(outcomes).flatMap(([status, row]) =>
    Object.entries(row).map(([name, outcome]) => [status as LicenseStatus, name, outcome] as const),
  );

  it.each(cases)('a license that is %s, command %s: %s', (status, name, outcome) => {
    const command = commands[name];
    if (command === undefined) throw new Error(name);
    const then = given(...states[status]).when(command);
    if (outcome === nothing) then.thenNothing();
    else if (outcome.includes('.')) then.thenMatches([{ type: outcome }]);
    else then.thenRefused(outcome);
  });

  it('every command but issuing needs a license', () => {
    for (const command of [suspend, reinstate, revoke, cancel, renew, change, activate('a')])
      given().when(command).thenRefused('LICENSE_NOT_FOUND');
  });
});

describe('terms', () => {
  it('a renewal follows the present term, or begins now after the grace period', () => {
    given(...issued())
      .when(renew)
      .thenMatches([{ valid_until: '2026-03-31T09:00:00.000Z', status: 'active' }]);
    given(...after(lapse(60)))
      .when({ ...renew, now: later(60) })
      .thenMatches([{ valid_until: '2026-05-01T09:00:00.000Z', status: 'active' }]);
  });
  it('a renewal turns a trial into a full license', () => {
    given(...issued(trial))
      .when({ ...renew, plan })
      .thenMatches([{ status: 'active', valid_until: '2026-03-14T09:00:00.000Z' }]);
  });
  it('a canceled license works to the end of its term; without an end it stops now', () => {
    given(...issued())
      .when(cancel)
      .thenMatches([{ valid_until: '2026-02-28T09:00:00.000Z' }]);
    given(...issued(perpetual))
      .when(cancel)
      .thenMatches([{ valid_until: later(1) }]);
  });
  it('a license becomes past due, then expired, each once', () => {
    given(...issued())
      .when(lapse(27))
      .thenNothing();
    given(...issued())
      .when(lapse(28))
      .thenMatches([{ type: 'license.past_due', grace_until: later(35) }]);
    given(...after(lapse(28)))
      .when(lapse(30))
      .thenNothing();
    given(...after(lapse(28)))
      .when(lapse(35))
      .thenMatches([{ type: 'license.expired' }]);
    given(...after(lapse(35)))
      .when(lapse(99))
      .thenNothing();
    given(...issued())
      .when(lapse(99))
      .thenMatches([{ type: 'license.expired' }]);
  });
  it('the past_due event is repeated if the plan gets a longer grace period', () => {
    given(...after(lapse(28)))
      .when({ ...lapse(35), plan: { ...plan, grace_days: 30 } } as LicenseCommand)
      .thenMatches([{ type: 'license.past_due', grace_until: later(58) }]);
  });
  it('a reinstated license has the status of its term at that time', () => {
    given(...after(suspend))
      .when({ ...reinstate, now: later(30) } as LicenseCommand)
      .thenMatches([{ status: 'past_due' }]);
    given(...after(suspend))
      .when({ ...reinstate, now: later(90) } as LicenseCommand)
      .thenMatches([{ status: 'expired' }]);
    given(...after(cancel, suspend))
      .when(reinstate)
      .thenMatches([{ status: 'canceled' }]);
  });
  it('a change of plan keeps the term of a running subscription, and stays within the product', () => {
    const yearly = { ...plan, plan_id: 'plan_4', billing_interval: 'year' } as const;
    given(...issued())
      .when({ ...change, plan: yearly } as LicenseCommand)
      .thenMatches([{ plan_id: 'plan_4', valid_until: '2026-02-28T09:00:00.000Z' }]);
    given(...issued())
      .when({ ...change, plan: { ...perpetual, product_id: 'prod_2' } } as LicenseCommand)
      .thenRefused('PLAN_OF_ANOTHER_PRODUCT');
    given(...issued())
      .when({ ...change, plan } as LicenseCommand)
      .thenNothing();
  });
});

describe('activations', () => {
  it('the same device is active once', () => {
    given(...after(activate('a')))
      .when(activate('a'))
      .thenNothing();
  });
  it('the limit of the plan holds; 0 means none and null means no limit', () => {
    given(...after(activate('a'), activate('b')))
      .when(activate('c'))
      .thenRefused('ACTIVATION_LIMIT_REACHED', { max: 2, current: 2 });
    given(...issued())
      .when(activate('a', { plan: { ...plan, max_activations: 0 } }))
      .thenRefused('ACTIVATION_LIMIT_REACHED', { max: 0, current: 0 });
    given(...after(activate('a'), activate('b')))
      .when(activate('c', { plan: { ...plan, max_activations: null } }))
      .thenMatches([{ type: 'activation.added' }]);
  });
  it('a released slot can be used again', () => {
    const leave: LicenseCommand = { type: 'Deactivate', plan, identifier_hash: 'hash of a', reason: 'client', now: T0 };
    given(...after(activate('a'), activate('b'), leave))
      .when(activate('c'))
      .thenMatches([{ identifier: 'c' }]);
    given(...issued())
      .when(leave)
      .thenRefused('ACTIVATION_NOT_FOUND');
  });
  it('only a usable license is activated', () => {
    given(...after(suspend))
      .when(activate('a'))
      .thenRefused('LICENSE_SUSPENDED');
    given(...after(revoke))
      .when(activate('a'))
      .thenRefused('LICENSE_REVOKED');
    given(...issued())
      .when(activate('a', { now: later(99) }))
      .thenRefused('LICENSE_EXPIRED');
    given(...issued())
      .when(activate('a', { now: later(-1) }))
      .thenRefused('LICENSE_NOT_YET_VALID');
    given(...after(cancel))
      .when(activate('a', { now: later(28) }))
      .thenRefused('LICENSE_CANCELED');
    given(...after(cancel))
      .when(activate('a', { now: later(27) }))
      .thenMatches([{ type: 'activation.added' }]);
    given(...issued())
      .when(activate('a', { now: later(30) }))
      .thenMatches([{ type: 'activation.added' }]);
    given(...issued())
      .when(activate('a', { product_type: 'saas' }))
      .thenRefused('FEATURE_NOT_AVAILABLE');
  });
});

describe('the events of a license', () => {
  it('that have unknown types change nothing', () => {
    const [state] = [issued().reduce(licenseStream.evolve, licenseStream.initialState)];
    expect(licenseStream.evolve(state, { type: 'license.polished' } as unknown as LicenseEvent)).toBe(state);
  });
});
