import type { ActivationRules } from '../plan/plan.activation-rules.ts';
import type { Time } from '../../shared/time.ts';
import type { Binding, BindingEvent, Bound } from './license.binding.ts';
import { refuse } from './license.errors.ts';
import type { License } from './license.ts';

/** The identifiers that a caller sends. A license may be bound to them. undefined = not sent. */
export interface Caller {
  readonly identifier_hash?: string | undefined;
  readonly identity_hash?: string | undefined;
}

type Rules = Pick<ActivationRules, 'fingerprint_lock' | 'bound_identity'>;

/** Why a bound license refuses a caller; undefined = it does not. A binding counts only while the plan requires it. */
export const mismatch = (
  { bindings: { fingerprint, identity } }: Pick<License, 'bindings'>,
  plan: Rules,
  caller: Caller,
): 'FINGERPRINT_MISMATCH' | 'IDENTITY_MISMATCH' | undefined => {
  if (plan.fingerprint_lock && isOther(fingerprint, caller.identifier_hash)) return 'FINGERPRINT_MISMATCH';
  if (plan.bound_identity !== null && isOther(identity, caller.identity_hash)) return 'IDENTITY_MISMATCH';
  return undefined;
};

/** @throws Refusal FINGERPRINT_MISMATCH for a device that the license is not bound to */
export const assertDevice = (license: Pick<License, 'bindings'>, plan: Rules, device: Caller): void => {
  const other = mismatch(license, { ...plan, bound_identity: null }, device);
  if (other !== undefined) refuse(other);
};

/** A caller that sends no identifier never matches, even if nothing is bound yet. */
const isOther = (bound: Bound | null, hash: string | undefined): boolean =>
  hash === undefined || (bound !== null && bound.hash !== hash);

const NOTHING: readonly BindingEvent[] = [];

/** The bindings that the first use creates. Empty if the plan requires none, or if all of them exist already. */
export const bind = (
  { bindings, product_id }: Pick<License, 'bindings' | 'product_id'>,
  plan: Rules,
  { identifier_hash, identity_hash }: Caller,
  now: Time,
): readonly BindingEvent[] => {
  if (!plan.fingerprint_lock && plan.bound_identity === null) return NOTHING;
  const bound = (binding: Binding, hash: string | undefined, wanted: boolean): BindingEvent[] =>
    wanted && hash !== undefined && bindings[binding] === null
      ? [{ type: 'license.bound', product_id, binding, hash, bound_at: now }]
      : [];
  return [
    ...bound('fingerprint', identifier_hash, plan.fingerprint_lock),
    ...bound('identity', identity_hash, plan.bound_identity !== null),
  ];
};

/** Removes a binding: the next use binds the license again. */
export const unbind = (
  { binding, reason }: { readonly binding: Binding; readonly reason: string | null },
  { status, product_id, bindings }: License,
): readonly BindingEvent[] => {
  if (status === 'revoked') return refuse('LICENSE_REVOKED');
  return bindings[binding] === null ? [] : [{ type: 'license.unbound', product_id, binding, reason }];
};
