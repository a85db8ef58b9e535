import { type Entitlement, type EntitlementValue, fits, type QuotaTerms, type ValueType } from './entitlement.ts';

/** The entitlement that one add-on gives a license. */
export interface AddOnPart {
  readonly add_on_id: string;
  readonly slug: string;
  readonly feature: string;
  readonly value: EntitlementValue;
  readonly sort_order: number;
}

/** A source of an effective value, and the value that it gives. */
export type Source =
  | { readonly type: 'plan'; readonly value: EntitlementValue }
  | { readonly type: 'add_on'; readonly id: string; readonly slug: string; readonly value: EntitlementValue }
  | { readonly type: 'override'; readonly value: EntitlementValue };

/** What a license may do with a feature, and why. */
export interface EffectiveEntitlement extends QuotaTerms {
  readonly value_type: ValueType;
  readonly value: EntitlementValue;
  readonly sources: readonly Source[];
}

export type EffectiveEntitlements = Readonly<Record<string, EffectiveEntitlement>>;

/**
 * What a license may do: the entitlements of its plan and add-ons, unless an override replaces them for this license.
 *
 * - Add-ons add to numbers (null = unlimited; a sum with null is null). They replace flags and texts: the last by `sort_order`,
 *   then by id, wins. An add-on whose value does not fit the plan's type for the feature is ignored. If the plan lacks the
 *   feature, the first add-on in this order decides its type.
 * - An override replaces plan and add-ons together.
 *
 * A sum that JSON cannot hold exactly is capped at 2^53−1.
 */
export const effectiveEntitlements = (
  plan: Iterable<Entitlement>,
  addOns: Iterable<AddOnPart>,
  overrides: Iterable<Entitlement>,
): EffectiveEntitlements => {
  const effective = new Map<string, EffectiveEntitlement>();
  for (const { feature, ...of } of plan)
    effective.set(feature, { ...of, sources: [{ type: 'plan', value: of.value }] });
  for (const addOn of [...addOns].sort(byOrder)) {
    const added = withAddOn(effective.get(addOn.feature), addOn);
    if (added !== undefined) effective.set(addOn.feature, added);
  }
  for (const { feature, ...of } of overrides)
    effective.set(feature, { ...of, sources: [{ type: 'override', value: of.value }] });
  return Object.fromEntries([...effective].sort(([a], [b]) => (a < b ? -1 : 1)));
};

const byOrder = (a: AddOnPart, b: AddOnPart): number =>
  a.sort_order - b.sort_order || (a.add_on_id < b.add_on_id ? -1 : 1);

const withAddOn = (
  present: EffectiveEntitlement | undefined,
  { add_on_id, slug, value }: AddOnPart,
): EffectiveEntitlement | undefined => {
  const source: Source = { type: 'add_on', id: add_on_id, slug, value };
  if (present === undefined) return { ...ALONE, value_type: typeOf(value), value, sources: [source] };
  if (!fits(present.value_type, value)) return undefined;
  const isNumber = present.value_type === 'int' || present.value_type === 'quota';
  return {
    ...present,
    value: isNumber ? sum(present.value, value) : value,
    sources: [...present.sources, source],
  };
};

/** An add-on has no periods: for a feature that the plan lacks, it gives a number, not a quota. */
const ALONE = { quota_period: null, quota_unit: null, stripe_meter_event_name: null, overage: 'none' } as const;

const typeOf = (value: EntitlementValue): ValueType =>
  typeof value === 'boolean' ? 'bool' : typeof value === 'string' ? 'string' : 'int';

const sum = (a: EntitlementValue, b: EntitlementValue): number | null =>
  a === null || b === null
    ? null
    : Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number(a) + Number(b), Number.MAX_SAFE_INTEGER));
