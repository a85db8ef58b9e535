import type { Time } from '../../shared/time.ts';
import type { Binding } from './license.binding.ts';
import type { Description, License, LicenseEvent, LicenseState, Term, UnheldStatus } from './license.ts';
import {
  type Activate,
  activate,
  type Deactivate,
  deactivate,
  type ReleaseUnseen,
  releaseUnseen,
} from './license.activations.ts';
import { type BillingCommand, decideByBilling, endNow } from './license.billing.ts';
import { assertDevice, bind, type Caller, mismatch, unbind } from './license.binding.rules.ts';
import { refuse } from './license.errors.ts';
import { issueFile, type IssueFile } from './license.file.ts';
import { hold } from './license.holding.ts';
import { type IssueForSale, issueForSale } from './license.issue-for-sale.ts';
import { rotateKey, type RotateKey } from './license.keys.ts';
import {
  renewMaintenance,
  type RenewMaintenance,
  upgradeByPurchase,
  type UpgradeByPurchase,
} from './license.purchase.ts';
import {
  anchorFor,
  beginsWithTrial,
  nextBegin,
  renew,
  type RenewLicense,
  startTerm,
  statusByTime,
  termFrom,
  updatesEnd,
  updatesOnChange,
} from './license.terms.ts';
import { transfer, type TransferLicense } from './license.transfer.ts';
import type { Plan } from './on-license.ts';
import { assertUsable, graceEnd } from './license.usability.ts';

interface Timed {
  readonly now: Time;
}
interface Reasoned {
  readonly reason: string | null;
}

export type IssueLicense = Timed &
  Description & {
    readonly type: 'IssueLicense';
    readonly plan: Plan;
    readonly customer_id: string;
    readonly email: string;
    readonly key_hash: string;
    readonly key_sealed: string;
    readonly valid_from: Time | null;
    /** undefined = what the plan says; null = no end. */
    readonly valid_until: Time | null | undefined;
    /** What the ends of later terms are counted from, for an import; undefined or null = the beginning of the term. */
    readonly term_anchor?: Time | null | undefined;
    /** undefined = what the plan says; null = for as long as it works. */
    readonly updates_until?: Time | null | undefined;
    /** Begins with the full term, even if the plan grants a trial. */
    readonly skip_trial?: boolean;
    /** Units; undefined = 1. */
    readonly quantity?: number | undefined;
  };
export type LicenseCommand =
  | IssueLicense
  | IssueForSale
  | BillingCommand
  | RenewMaintenance
  | UpgradeByPurchase
  | Activate
  | { readonly type: 'UpdateLicense'; readonly changes: Partial<Description> }
  | (Timed &
      Reasoned & {
        readonly type: 'SuspendLicense' | 'ReinstateLicense' | 'RevokeLicense' | 'CancelLicense';
        readonly plan: Plan;
      })
  | RenewLicense
  | (Timed & Reasoned & { readonly type: 'ChangePlan'; readonly plan: Plan })
  | (Timed & { readonly type: 'LetTimePass'; readonly plan: Plan })
  | { readonly type: 'RevealKey' }
  | RotateKey
  | TransferLicense
  | IssueFile
  | Deactivate
  | ReleaseUnseen
  | { readonly type: 'Unbind'; readonly binding: Binding; readonly reason: string | null }
  | (Timed & Caller & { readonly type: 'Bind'; readonly plan: Plan });

export const decideLicense = (command: LicenseCommand, state: LicenseState): readonly LicenseEvent[] => {
  if (command.type === 'IssueLicense') return issue(command, state);
  if (command.type === 'IssueForSale') return issueForSale(command, state);
  if (state.status === 'none') return refuse('LICENSE_NOT_FOUND');
  switch (command.type) {
    case 'UpdateLicense':
      return update(command.changes, state);
    case 'SuspendLicense':
      return hold(state, command.reason, 'operator');
    case 'ReinstateLicense':
      return reinstate(command, state);
    case 'RevokeLicense':
      return state.status === 'revoked'
        ? []
        : [{ type: 'license.revoked', product_id: state.product_id, reason: command.reason }];
    case 'CancelLicense':
      return cancel(command, state);
    case 'RenewLicense':
      return renew(command, state);
    case 'ChangePlan':
      return changePlan(command, state);
    case 'LetTimePass':
      return letTimePass(command, state);
    case 'RevealKey':
      return [{ type: 'license.key_revealed', product_id: state.product_id }];
    case 'RotateKey':
      return rotateKey(command, state);
    case 'TransferLicense':
      return transfer(command, state);
    case 'IssueFile':
      assertUsable(state, command.plan, command.now);
      assertDevice(state, command.plan, command);
      return issueFile(command, state);
    case 'Activate':
      return activate(command, state);
    case 'Deactivate':
      return deactivate(command, state);
    case 'ReleaseUnseen':
      return releaseUnseen(command, state);
    case 'Bind':
      assertUsable(state, command.plan, command.now);
      if (mismatch(state, command.plan, command) !== undefined) return [];
      return bind(state, command.plan, command, command.now);
    case 'Unbind':
      return unbind(command, state);
    case 'RenewMaintenance':
      return renewMaintenance(command, state);
    case 'UpgradeByPurchase':
      return upgradeByPurchase(command, state);
    case 'SetTerm':
    case 'MarkPastDue':
    case 'EndGraceByBilling':
    case 'ChangeByBilling':
    case 'EndOfSubscription':
    case 'PauseByBilling':
    case 'RefundByBilling':
    case 'DisputeByBilling':
      return decideByBilling(command, state);
    default:
      return command satisfies never;
  }
};

const issue = (command: IssueLicense, state: LicenseState): readonly LicenseEvent[] => {
  if (state.status !== 'none') return refuse('LICENSE_EXISTS');
  const { plan, now, customer_id, email, key_hash, key_sealed, name, org_name, notes, metadata } = command;
  const { external_customer_id, external_workspace_id, quantity } = command;
  if (!plan.active) return refuse('PLAN_INACTIVE');
  const trial = beginsWithTrial(plan, command.skip_trial === true);
  const valid_from = command.valid_from ?? now;
  // A date that was given takes precedence over the first activation.
  const waits =
    plan.term_starts === 'first_activation' && command.valid_from === null && command.valid_until === undefined;
  const { valid_until, term_anchor } = waits ? WAITING : firstTerm(command, valid_from, trial);
  if (valid_until !== null && valid_until < valid_from) return refuse('INVALID_TERM');
  const status = statusByTime({ valid_until }, plan, now, trial ? 'trialing' : 'active');
  const description = { name, org_name, external_customer_id, external_workspace_id, notes, metadata };
  const updates_until =
    command.updates_until !== undefined ? command.updates_until : waits ? null : updatesEnd(plan, valid_from);
  const term = { valid_from, valid_until, term_anchor, updates_until, term_started_at: waits ? null : valid_from };
  const { product_id, plan_id } = plan;
  return [
    {
      type: 'license.created',
      product_id,
      plan_id,
      customer_id,
      email,
      status,
      trial,
      key_hash,
      key_sealed,
      ...description,
      ...term,
      ...(quantity === undefined || quantity === 1 ? {} : { quantity }),
    },
    ...(trial ? [{ type: 'license.trial_started', product_id, customer_id } as const] : []),
  ];
};

/** A term that waits for the first activation. */
const WAITING = { valid_until: null, term_anchor: null };

const firstTerm = (
  { plan, ...given }: IssueLicense,
  valid_from: Time,
  trial: boolean,
): Pick<Term, 'valid_until' | 'term_anchor'> => {
  const byPlan = termFrom(plan, valid_from, trial);
  const valid_until = given.valid_until === undefined ? byPlan.valid_until : given.valid_until;
  return { valid_until, term_anchor: anchorFor(plan, given.term_anchor ?? byPlan.term_anchor, valid_until) };
};

const update = (changes: Partial<Description>, state: License): readonly LicenseEvent[] => {
  if (state.status === 'revoked') return refuse('LICENSE_REVOKED');
  const differing = Object.entries(changes).filter(
    ([field, value]) =>
      value !== undefined && JSON.stringify(value) !== JSON.stringify(state[field as keyof Description]),
  );
  if (differing.length === 0) return [];
  const { product_id, customer_id } = state;
  return [
    { type: 'license.updated', product_id, customer_id, ...(Object.fromEntries(differing) as Partial<Description>) },
  ];
};

/** A reinstated license gets the status that its dates give it now: its term went on during the suspension. */
const reinstate = (
  { reason, plan, now }: Timed & Reasoned & { readonly plan: Plan },
  state: License,
): readonly LicenseEvent[] => {
  if (state.status === 'revoked') return refuse('LICENSE_REVOKED');
  if (state.status !== 'suspended') return refuse('INVALID_TRANSITION', { status: state.status });
  const kept = state.resumes_as;
  const status = kept === 'canceled' || kept === 'expired' ? kept : presentStatus(state, plan, now);
  return [{ type: 'license.reinstated', product_id: state.product_id, reason, status }];
};

/** What time makes of a license that is neither canceled nor expired. */
const presentStatus = (state: License, plan: Plan, now: Time): UnheldStatus => {
  if (state.subscription_id === null) return statusByTime(state, plan, now, state.resumes_as);
  const end = graceEnd(state, plan);
  return end !== null && now >= end ? 'expired' : state.resumes_as;
};

/** A canceled license works until the end of its paid term. A license without an end stops now. */
const cancel = ({ reason, now }: Timed & Reasoned, state: License): readonly LicenseEvent[] => {
  if (state.status === 'revoked') return refuse('LICENSE_REVOKED');
  if (state.resumes_as === 'canceled') return [];
  if (state.resumes_as === 'expired') return refuse('INVALID_TRANSITION', { status: 'expired' });
  return [{ type: 'license.canceled', product_id: state.product_id, reason, valid_until: state.valid_until ?? now }];
};

/**
 * The present term continues. A trial, or a license whose term is over, begins a new term. A term that waits for the first
 * activation keeps waiting if terms of the new plan wait too.
 */
const changePlan = (
  { plan, now, reason }: Timed & Reasoned & { readonly plan: Plan },
  state: License,
): readonly LicenseEvent[] => {
  if (state.status === 'revoked') return refuse('LICENSE_REVOKED');
  if (state.status === 'suspended') return refuse('LICENSE_SUSPENDED');
  if (state.status === 'canceled') return refuse('LICENSE_CANCELED');
  if (plan.product_id !== state.product_id) return refuse('PLAN_OF_ANOTHER_PRODUCT');
  if (!plan.active) return refuse('PLAN_INACTIVE');
  if (plan.plan_id === state.plan_id) return [];
  const continues = state.status === 'active' && plan.license_type === 'subscription' && state.valid_until !== null;
  const toTrial = plan.license_type === 'trial';
  const waits = state.term_started_at === null;
  const updates_until = waits ? state.updates_until : updatesOnChange(state, plan, now);
  const term = {
    valid_from: state.valid_from,
    ...(continues ? termOf(state) : waits ? WAITING : termFrom(plan, nextBegin(state, now), toTrial)),
    updates_until,
  };
  const { product_id, customer_id } = state;
  return [
    {
      type: 'plan.changed',
      product_id,
      plan_id: plan.plan_id,
      previous_plan_id: state.plan_id,
      reason,
      status: statusByTime(term, plan, now, toTrial ? 'trialing' : 'active'),
      trial: toTrial,
      ...term,
    },
    ...(toTrial ? [{ type: 'license.trial_started', product_id, customer_id } as const] : []),
    ...(waits && plan.term_starts === 'issue' ? [startTerm(state, plan, now, toTrial)] : []),
  ];
};

const termOf = ({ valid_until, term_anchor }: License): Pick<Term, 'valid_until' | 'term_anchor'> => ({
  valid_until,
  term_anchor,
});

/** The end of the term, then the end of the grace period. Both may be past if the scheduler was down. */
const letTimePass = ({ plan, now }: Timed & { readonly plan: Plan }, state: License): readonly LicenseEvent[] => {
  const { product_id, valid_until, resumes_as } = state;
  if (state.subscription_id !== null) return letTimePassOfSubscription(state, plan, now);
  if (state.status === 'revoked' || valid_until === null || now < valid_until) return [];
  if (resumes_as === 'canceled' || resumes_as === 'expired') return [];
  const grace_until = graceEnd(state, plan) ?? valid_until;
  const expired = { type: 'license.expired', product_id, valid_until } as const;
  if (now >= grace_until) return [expired];
  // The event is repeated if the plan has lengthened the grace period in the meantime.
  if (resumes_as === 'past_due' && state.grace_until === grace_until) return [];
  return [{ type: 'license.past_due', product_id, valid_until, grace_until }];
};

/**
 * Billing renews such a license and ends it, so it is not past due at the end of its term. It expires with the grace period in
 * case that billing is silent. After its subscription has ended, it ends at the end of its term.
 */
const letTimePassOfSubscription = (state: License, plan: Plan, now: Time): readonly LicenseEvent[] => {
  const { product_id, valid_until, resumes_as, ending } = state;
  if (state.status === 'revoked' || resumes_as === 'expired') return [];
  if (resumes_as === 'canceled')
    return ending === null || valid_until === null || now < valid_until ? [] : endNow(state, valid_until);
  const expires_at = graceEnd(state, plan);
  if (expires_at === null) return [];
  if (now >= expires_at) return [{ type: 'license.expired', product_id, valid_until: valid_until ?? expires_at }];
  // The term was given by hand, or the plan has lengthened the grace period.
  return now < (state.expires_at ?? now) ? [] : [{ type: 'license.expiry_postponed', product_id, expires_at }];
};
