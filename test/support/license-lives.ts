import fc from 'fast-check';
import type { IssueLicense, LicenseCommand } from '#domain/licensing/license/license.commands';
import { issueOf } from '#domain/testing/license.given';
import type { Plan } from '#domain/licensing/license/on-license';
import type { License, LicenseState } from '#domain/licensing/license/license';
import { PLAN_DEFAULTS } from '#domain/licensing/plan/plan';
import { addDays, type Time } from '#domain/shared/time';

/** The start time of every life. The last day of a month, so that months have different lengths. */
export const BIRTH: Time = '2026-01-31T09:00:00.000Z';

const common = {
  ...PLAN_DEFAULTS,
  product_id: 'prod_1',
  name: 'Plan',
  license_model: 'standard',
  max_activations: 2,
} as const;
const subscription = { ...common, license_type: 'subscription', billing_interval: 'month' } as const;

/** Plans of one product, with all kinds of terms. */
export const PLANS: readonly Plan[] = [
  { ...subscription, plan_id: 'plan_monthly', slug: 'monthly' },
  { ...subscription, plan_id: 'plan_tried', slug: 'tried', trial_days: 14, grace_days: 0 },
  { ...subscription, plan_id: 'plan_waiting', slug: 'waiting', term_starts: 'first_activation', updates_days: 90 },
  { ...subscription, plan_id: 'plan_from_now', slug: 'from-now', renewal_from: 'from_now', max_activations: null },
  { ...common, plan_id: 'plan_perpetual', slug: 'perpetual', license_type: 'perpetual', updates_days: 365 },
  { ...common, plan_id: 'plan_trial', slug: 'trial', license_type: 'trial', trial_days: 14, max_activations: 1 },
  {
    ...subscription,
    plan_id: 'plan_bound',
    slug: 'bound',
    fingerprint_lock: true,
    bound_identity: 'email',
    max_deactivations: 1,
  },
  { ...common, plan_id: 'plan_none', slug: 'none', license_type: 'perpetual', max_activations: 0 },
];

const DEEDS = [
  'activate',
  'deactivate',
  'suspend',
  'reinstate',
  'revoke',
  'cancel',
  'renew',
  'renewUntil',
  'changePlan',
  'letTimePass',
  'update',
  'transfer',
  'rotateKey',
  'issueFile',
  'bind',
  'unbind',
  'releaseUnseen',
  'editPlan',
] as const;

/** Something that happens to a license, `hours` after the previous step. */
export interface Step {
  readonly deed: (typeof DEEDS)[number];
  readonly hours: number;
  readonly who: string;
  readonly plan: Plan;
  /** From the time of the step; null = none. */
  readonly days: number | null;
  readonly number: number;
  readonly flag: boolean;
}

/** How a license is issued, and the steps that follow. */
export interface Life {
  readonly issue: IssueLicense;
  readonly steps: readonly Step[];
}

const days = fc.option(fc.integer({ min: -40, max: 400 }));

const step: fc.Arbitrary<Step> = fc.record({
  // Revocation is final, so it is rare; important steps are frequent.
  deed: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('activate', 'letTimePass') },
    { weight: 8, arbitrary: fc.constantFrom(...DEEDS.filter((deed) => deed !== 'revoke')) },
    { weight: 1, arbitrary: fc.constantFrom('revoke') },
  ),
  hours: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 72 }), fc.integer({ min: 0, max: 2_000 })),
  who: fc.constantFrom('a', 'b', 'c', 'd'),
  plan: fc.constantFrom(...PLANS),
  days,
  number: fc.integer({ min: 0, max: 3 }),
  flag: fc.boolean(),
});

const issue: fc.Arbitrary<IssueLicense> = fc
  .record({
    plan: fc.constantFrom(...PLANS),
    from: days,
    until: fc.option(days, { nil: undefined }),
    skip_trial: fc.boolean(),
  })
  .map(({ plan, from, until, skip_trial }) =>
    issueOf(plan, {
      customer_id: 'cus_a',
      name: 'A',
      valid_from: from === null ? null : addDays(BIRTH, from),
      valid_until: typeof until === 'number' ? addDays(BIRTH, until) : until,
      skip_trial,
      now: BIRTH,
    }),
  );

export const lives = (length: number): fc.Arbitrary<Life> =>
  fc.record({ issue, steps: fc.array(step, { maxLength: length }) });

/** A moment of a life: the action, its time, and the plan of the license at that time. */
export interface Moment {
  readonly command: LicenseCommand;
  readonly now: Time;
  readonly plan: Plan;
}

/** The moments of a life in order. @param state the state of the license before the next moment */
export function* momentsOf({ issue: begin, steps }: Life, state: () => LicenseState): Generator<Moment> {
  const plans = new Map(PLANS.map((plan) => [plan.plan_id, plan]));
  let now = BIRTH;
  yield { command: begin, now, plan: begin.plan };
  for (const one of steps) {
    now = addDays(now, one.hours / 24);
    const license = state();
    const plan = license.status === 'none' ? begin.plan : (plans.get(license.plan_id) ?? begin.plan);
    if (one.deed === 'editPlan')
      plans.set(plan.plan_id, { ...plan, max_activations: one.flag ? one.number : null, grace_days: one.number * 5 });
    else yield { command: commandOf(one, { now, plan }), now, plan };
  }
}

/** The customer depends on the name, so that a license changes hands and returns. */
const personOf = (who: string): { customer_id: string; email: string } => ({
  customer_id: `cus_${who}`,
  email: `${who}@example.com`,
});

const commandOf = (
  { deed, who, days: away, plan: other, number, flag }: Step,
  { now, plan }: Pick<Moment, 'now' | 'plan'>,
): LicenseCommand => {
  const because = { plan, now, reason: null };
  const identifier_hash = `hash of ${who}`;
  const identity_hash = `identity of ${number % 2}`;
  const date = away === null ? null : addDays(now, away);
  switch (deed) {
    case 'activate':
      return {
        type: 'Activate',
        plan,
        now,
        product_type: 'desktop',
        activation_id: `act_${who}_${now}`,
        identifier: who,
        identifier_hash,
        identifier_type: 'device',
        ...(plan.bound_identity === null ? {} : { identity_hash }),
        label: null,
        ip: null,
      };
    case 'deactivate':
      return { type: 'Deactivate', plan, now, identifier_hash, reason: flag ? 'client' : 'operator' };
    case 'suspend':
      return { type: 'SuspendLicense', ...because };
    case 'reinstate':
      return { type: 'ReinstateLicense', ...because };
    case 'revoke':
      return { type: 'RevokeLicense', ...because };
    case 'cancel':
      return { type: 'CancelLicense', ...because };
    case 'renew':
      return { type: 'RenewLicense', plan, now, valid_until: undefined };
    case 'renewUntil':
      return { type: 'RenewLicense', plan, now, valid_until: date, updates_until: flag ? date : undefined };
    case 'changePlan':
      return { type: 'ChangePlan', plan: other, now, reason: null };
    case 'update':
      return { type: 'UpdateLicense', changes: { name: who, metadata: { number } } };
    case 'transfer':
      return {
        type: 'TransferLicense',
        ...personOf(who),
        name: flag ? who : undefined,
        org_name: undefined,
        external_customer_id: undefined,
        external_workspace_id: undefined,
        release_activations: number === 0,
        reason: null,
        now,
      };
    case 'rotateKey':
      return { type: 'RotateKey', key_hash: `hash ${number}`, key_sealed: `sealed ${number}`, reason: null };
    case 'issueFile':
      return { type: 'IssueFile', plan, now, product_type: 'desktop', identifier_hash, ttl_seconds: 86_400 };
    case 'bind':
      return { type: 'Bind', plan, now, identifier_hash, identity_hash };
    case 'unbind':
      return { type: 'Unbind', binding: flag ? 'fingerprint' : 'identity', reason: null };
    case 'releaseUnseen':
      return { type: 'ReleaseUnseen', identifier_hashes: [identifier_hash], now };
    case 'letTimePass':
    case 'editPlan':
      return { type: 'LetTimePass', plan, now };
  }
};

/** A license that must exist. */
export const issued = (state: LicenseState): License => {
  if (state.status === 'none') throw new Error('a license does not vanish');
  return state;
};
