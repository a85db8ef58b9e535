import { specification } from '../../../testing/given.ts';
import { addDays } from '../../shared/time.ts';
import type { Activate } from './license.activations.ts';
import { decideLicense, type LicenseCommand } from './license.commands.ts';
import { activationOf, eventsAfter, issueOf, planOf, T0 } from '../../../testing/license.given.ts';
import type { Plan } from './on-license.ts';
import { type LicenseEvent, type LicenseState, licenseStream } from './license.ts';

const given = specification<LicenseCommand, LicenseEvent, LicenseState>({ ...licenseStream, decide: decideLicense });

const later = (days: number): string => addDays(T0, days);

const plan = planOf({ max_activations: 5 });
const issued = eventsAfter(issueOf(plan));
const after = (...commands: readonly LicenseCommand[]): LicenseEvent[] => eventsAfter(issueOf(plan), ...commands);
const activate = (device: string, over: Partial<Activate> = {}): Activate =>
  activationOf(plan, device, { identifier_hash: device, now: later(1), ...over });
const giveUp = (device: string, day: number, over: Partial<Plan> = {}): LicenseCommand => ({
  type: 'Deactivate',
  plan: { ...plan, ...over },
  identifier_hash: device,
  reason: 'client',
  now: later(day),
});

describe('a license that is bound to its first device', () => {
  const locked: Plan = { ...plan, fingerprint_lock: true };
  const first = activate('a', { plan: locked });
  const unbind: LicenseCommand = { type: 'Unbind', binding: 'fingerprint', reason: 'new computer' };

  it('is bound by the first activation, and then refuses other devices', () => {
    given(...issued)
      .when(first)
      .thenMatches([
        { type: 'activation.added', identifier_hash: 'a' },
        { type: 'license.bound', binding: 'fingerprint', hash: 'a' },
      ]);
    given(...after(first))
      .when(first)
      .thenNothing();
    given(...after(first))
      .when(activate('b', { plan: locked }))
      .thenRefused('FINGERPRINT_MISMATCH');
  });
  it('stays bound when the device is released, until an administrator removes the binding', () => {
    const left = after(first, giveUp('a', 2));
    given(...left)
      .when(activate('b', { plan: locked }))
      .thenRefused('FINGERPRINT_MISMATCH');
    given(...left)
      .when(unbind)
      .thenMatches([{ type: 'license.unbound', binding: 'fingerprint', reason: 'new computer' }]);
    given(...after(first, unbind))
      .when(activate('b', { plan: locked }))
      .thenMatches([{ identifier_hash: 'b' }, { type: 'license.bound', hash: 'b' }]);
    given(...issued)
      .when(unbind)
      .thenNothing();
  });
  it('is bound on the next use of a device that was active before the plan required it', () => {
    given(...after(activate('a')))
      .when(first)
      .thenMatches([{ type: 'license.bound', hash: 'a' }]);
    const bind = { type: 'Bind', plan: locked, identifier_hash: 'a', now: later(2) } as const;
    given(...after(activate('a')))
      .when(bind)
      .thenMatches([{ type: 'license.bound', hash: 'a' }]);
    given(...after(first))
      .when({ ...bind, identifier_hash: 'b' })
      .thenNothing();
  });
  it('accepts any device after a transfer, and while the plan does not require the binding', () => {
    given(...after(first))
      .when(activate('b'))
      .thenMatches([{ type: 'activation.added' }]);
    const transfer: LicenseCommand = {
      type: 'TransferLicense',
      customer_id: 'cus_2',
      email: 'grace@example.com',
      name: undefined,
      org_name: undefined,
      external_customer_id: undefined,
      external_workspace_id: undefined,
      release_activations: true,
      reason: null,
      now: later(2),
    };
    given(...after(first, transfer))
      .when(activate('b', { plan: locked }))
      .thenMatches([{ type: 'activation.added' }, { type: 'license.bound', hash: 'b' }]);
  });
  it('issues files only for the device that it is bound to', () => {
    const file = {
      type: 'IssueFile',
      plan: locked,
      product_type: 'desktop',
      ttl_seconds: 3600,
      now: later(2),
    } as const;
    const two = after(activate('b'), first);
    given(...two)
      .when({ ...file, identifier_hash: 'a' })
      .thenMatches([{ type: 'license.file_issued' }]);
    given(...two)
      .when({ ...file, identifier_hash: 'b' })
      .thenRefused('FINGERPRINT_MISMATCH');
  });
});

describe('a license that is bound to an identity', () => {
  const bound: Plan = { ...plan, bound_identity: 'email' };
  const as = (device: string, identity_hash?: string): Activate => activate(device, { plan: bound, identity_hash });

  it('requires an identity, keeps the first one, and allows it any device', () => {
    given(...issued)
      .when(as('a'))
      .thenRefused('IDENTITY_REQUIRED');
    given(...issued)
      .when(as('a', 'ada'))
      .thenMatches([{ type: 'activation.added' }, { type: 'license.bound', binding: 'identity', hash: 'ada' }]);
    given(...after(as('a', 'ada')))
      .when(as('b', 'grace'))
      .thenRefused('IDENTITY_MISMATCH');
    given(...after(as('a', 'ada')))
      .when(as('b', 'ada'))
      .thenMatches([{ type: 'activation.added', identifier_hash: 'b' }]);
  });
});

describe('releasing an activation', () => {
  const twice = { max_deactivations: 2, deactivation_period_days: 30 };
  const two = after(activate('a'), activate('b'), activate('c'), giveUp('a', 5, twice), giveUp('b', 10, twice));

  it('is limited by the plan per period, and allowed again when the oldest release leaves the period', () => {
    given(...two)
      .when(giveUp('c', 34, twice))
      .thenRefused('DEACTIVATION_LIMIT_REACHED', { max: 2, current: 2, resets_at: later(35) });
    given(...two)
      .when(giveUp('c', 35, twice))
      .thenMatches([{ type: 'activation.removed', reason: 'client', removed_at: later(35) }]);
    given(...two)
      .when(giveUp('c', 11, { ...twice, max_deactivations: null }))
      .thenMatches([{ identifier_hash: 'c' }]);
    given(...after(activate('a')))
      .when(giveUp('a', 2, { max_deactivations: 0 }))
      .thenRefused('DEACTIVATION_LIMIT_REACHED', { max: 0, current: 0, resets_at: null });
  });
  it('by an administrator is never refused, and does not count against the limit', () => {
    const operator: LicenseCommand = {
      type: 'Deactivate',
      plan: { ...plan, ...twice },
      identifier_hash: 'c',
      reason: 'operator',
      now: later(11),
    };
    given(...two)
      .when(operator)
      .thenMatches([{ reason: 'operator' }]);
    given(...after(activate('a'), activate('b'), activate('c'), operator, giveUp('a', 12, twice)))
      .when(giveUp('b', 13, twice))
      .thenMatches([{ reason: 'client' }]);
  });
});

describe('activations that were not verified for too long', () => {
  const release: LicenseCommand = { type: 'ReleaseUnseen', identifier_hashes: ['a', 'gone'], now: later(90) };
  it('are released if they still exist', () => {
    given(...after(activate('a'), activate('b')))
      .when(release)
      .then([
        {
          type: 'activation.removed',
          product_id: 'prod_1',
          activation_id: 'act_a',
          identifier_hash: 'a',
          reason: 'operator',
          unseen: true,
          removed_at: later(90),
        },
      ]);
    given(...issued)
      .when(release)
      .thenNothing();
  });
});
