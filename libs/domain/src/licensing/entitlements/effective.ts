import { type Entitlement, type EntitlementValue, fits, type QuotaTerms, type ValueType } from './entitlement.ts';

/** What an add-on that a license has adds. */
export interface AddOnPart {
  readonly add_on_id: string;
  readonly slug: string;
  readonly feature: string;
  readonly value: EntitlementValue;
  readonly sort_order: number;
}

/** Where a part of an effective value comes from, and what it is. */
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
 * What a license may do: what its plan says, with its add-ons, unless somebody has decided otherwise for this license.
 *
 * - Add-ons add to numbers (null, unlimited, swallows all), and replace flags and texts, the last by `sort_order` and then id
 *   winning. An add-on whose value is not of the plan's type for the feature counts for nothing. Where the plan has no such
 *   feature, the add-on with the least order says of what type it is.
 * - An override stands for plan and add-ons together.
 *
 * A sum that JSON could not keep exactly stays at 2^53−1.
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

/** An add-on knows no periods: of a feature that the plan lacks it makes a number, not a quota. */
const ALONE = { quota_period: null, quota_unit: null, stripe_meter_event_name: null, overage: 'none' } as const;

const typeOf = (value: EntitlementValue): ValueType =>
  typeof value === 'boolean' ? 'bool' : typeof value === 'string' ? 'string' : 'int';

const sum = (a: EntitlementValue, b: EntitlementValue): number | null =>
  a === null || b === null
    ? null
    : Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number(a) + Number(b), Number.MAX_SAFE_INTEGER));
