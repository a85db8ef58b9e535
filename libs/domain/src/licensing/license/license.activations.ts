import { productSupports, type ProductType } from '../product/product.ts';
import { addDays, type Time } from '../../shared/time.ts';
import { bind, mismatch } from './license.binding.rules.ts';
import type { Plan } from './on-license.ts';
import { refuse } from './license.errors.ts';
import { limitOf } from './license.limits.ts';
import { startTerm } from './license.terms.ts';
import type { IdentifierType, License, LicenseEvent } from './license.ts';
import { assertUsable } from './license.usability.ts';

export interface Activate {
  readonly type: 'Activate';
  readonly plan: Plan;
  readonly product_type: ProductType;
  readonly activation_id: string;
  readonly identifier: string;
  readonly identifier_hash: string;
  readonly identifier_type: IdentifierType;
  /** Keyed hash of the e-mail address or public key that the caller names. */
  readonly identity_hash?: string | undefined;
  readonly label: string | null;
  readonly ip: string | null;
  readonly now: Time;
}

export interface Deactivate {
  readonly type: 'Deactivate';
  readonly plan: Plan;
  readonly identifier_hash: string;
  /** Released by the app (client) or by an administrator (operator). The plan's limit applies only to the app. */
  readonly reason: 'client' | 'operator';
  readonly now: Time;
}

/** Releases activations that were not verified within the plan's `activation_ttl_days`. */
export interface ReleaseUnseen {
  readonly type: 'ReleaseUnseen';
  readonly identifier_hashes: readonly string[];
  readonly now: Time;
}

/** Activates a device or user. The first activation also begins a term that waited for it, and creates the plan's bindings. */
export const activate = (command: Activate, state: License): readonly LicenseEvent[] => {
  const { plan, now, product_type, identifier_hash } = command;
  if (!productSupports(product_type, 'activations')) return refuse('FEATURE_NOT_AVAILABLE');
  assertUsable(state, plan, now);
  if (plan.bound_identity !== null && command.identity_hash === undefined) return refuse('IDENTITY_REQUIRED');
  const other = mismatch(state, plan, command);
  if (other !== undefined) return refuse(other);
  const bound = bind(state, plan, command, now);
  if (state.activations.has(identifier_hash)) return bound;
  const max = limitOf(plan.max_activations, state);
  const current = state.activations.size;
  if (max !== null && current >= max) return refuse('ACTIVATION_LIMIT_REACHED', { max, current });
  const { activation_id, identifier, identifier_type, label, ip } = command;
  const { product_id, customer_id } = state;
  const starts = state.term_started_at === null ? [startTerm(state, plan, now)] : [];
  return [
    {
      type: 'activation.added',
      product_id,
      customer_id,
      activation_id,
      identifier,
      identifier_hash,
      identifier_type,
      label,
      ip,
      added_at: now,
    },
    ...starts,
    ...bound,
  ];
};

/** Releases an activation. Allowed in every state but revoked: a revoked license never changes. */
export const deactivate = (command: Deactivate, state: License): readonly LicenseEvent[] => {
  const { identifier_hash, reason, now } = command;
  if (state.status === 'revoked') return refuse('LICENSE_REVOKED');
  if (!state.activations.has(identifier_hash)) return refuse('ACTIVATION_NOT_FOUND');
  if (reason === 'client') assertMayGiveUp(command, state);
  return removed([identifier_hash], { reason }, now, state);
};

/** Limits how often the app may release activations, so that a license does not move freely from device to device. */
const assertMayGiveUp = ({ plan, now }: Deactivate, { deactivations }: License): void => {
  const { max_deactivations: max, deactivation_period_days } = plan;
  if (max === null) return;
  const since = addDays(now, -deactivation_period_days);
  const lately = deactivations.filter((at) => at > since);
  if (lately.length < max) return;
  // The max-th newest release must leave the period first. If max is 0, no release is ever allowed: resets_at is null.
  const first = max === 0 ? undefined : lately.at(-max);
  const resets_at = first === undefined ? null : addDays(first, deactivation_period_days);
  refuse('DEACTIVATION_LIMIT_REACHED', { max, current: lately.length, resets_at });
};

export const releaseUnseen = ({ identifier_hashes, now }: ReleaseUnseen, state: License): readonly LicenseEvent[] =>
  state.status === 'revoked'
    ? []
    : removed(
        identifier_hashes.filter((hash) => state.activations.has(hash)),
        { reason: 'operator', unseen: true },
        now,
        state,
      );

const removed = (
  hashes: readonly string[],
  why: { readonly reason: 'client' | 'operator'; readonly unseen?: boolean },
  removed_at: Time,
  { activations, product_id }: License,
): LicenseEvent[] =>
  hashes.flatMap((identifier_hash) => {
    const activation = activations.get(identifier_hash);
    if (activation === undefined) return [];
    const { activation_id } = activation;
    return [{ type: 'activation.removed', product_id, activation_id, identifier_hash, ...why, removed_at }];
  });
