import { refuser } from '../../shared/refusal.ts';

export const VALUE_TYPES = ['bool', 'int', 'string', 'quota'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/** How long a quota lasts before its count restarts, by the calendar in UTC; `lifetime` never restarts. */
export const QUOTA_PERIODS = ['hourly', 'daily', 'monthly', 'yearly', 'lifetime'] as const;
export type QuotaPeriod = (typeof QUOTA_PERIODS)[number];

/** How far above its limit a quota may be used: not at all, up to a multiple of it, or without end. */
export const OVERAGES = ['none', '1.25', '1.5', '2', 'unlimited'] as const;
export type Overage = (typeof OVERAGES)[number];

/** null means unlimited, and is allowed for numbers only; 0 means none. */
export type EntitlementValue = boolean | number | string | null;

/** Terms of a quota besides its value. For other entitlements they are null, and overage is `none`. */
export interface QuotaTerms {
  readonly quota_period: QuotaPeriod | null;
  /** The unit that is counted, for display: `requests`, `GB`. */
  readonly quota_unit: string | null;
  /** The meter at Stripe to which its usage is reported. */
  readonly stripe_meter_event_name: string | null;
  readonly overage: Overage;
}

/** One thing that licenses of a plan may do. */
export interface Entitlement extends QuotaTerms {
  readonly feature: string;
  readonly value_type: ValueType;
  readonly value: EntitlementValue;
}

/** An entitlement in a command. Fields that are left out get their defaults. */
export type WantedEntitlement = Pick<Entitlement, 'feature' | 'value_type' | 'value'> & Partial<QuotaTerms>;

/** Defaults of quota fields that are left out. */
export const QUOTA_DEFAULTS = {
  quota_period: 'monthly',
  quota_unit: null,
  stripe_meter_event_name: null,
  overage: 'none',
} as const satisfies QuotaTerms;

const NO_QUOTA = { ...QUOTA_DEFAULTS, quota_period: null } as const satisfies QuotaTerms;

export const entitlementRefusals = {
  ENTITLEMENT_EXISTS: { status: 409, message: 'The plan has an entitlement for this feature.' },
  ENTITLEMENT_NOT_FOUND: { status: 404, message: 'There is no such entitlement.' },
  INVALID_ENTITLEMENT: { status: 400, message: 'The value does not fit the type of the entitlement.' },
};

export const refuseEntitlement = refuser(entitlementRefusals);

/** Whether a type allows a value. Quotas are counted, so none is below 0. */
export const fits = (type: ValueType, value: EntitlementValue): boolean => {
  switch (type) {
    case 'bool':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'int':
      return value === null || Number.isSafeInteger(value);
    case 'quota':
      return value === null || (Number.isSafeInteger(value) && Number(value) >= 0);
  }
};

/**
 * Fills in the defaults of an entitlement.
 * @throws Refusal INVALID_ENTITLEMENT if the value is of another type, or if an entitlement that is not a quota has quota terms
 */
export const entitlement = (wanted: WantedEntitlement): Entitlement => {
  const { feature, value_type, value } = wanted;
  if (!fits(value_type, value)) return refuseEntitlement('INVALID_ENTITLEMENT', { feature, value_type });
  const { quota_period, quota_unit, stripe_meter_event_name, overage } = wanted;
  const terms = { quota_period, quota_unit, stripe_meter_event_name, overage };
  const given = Object.fromEntries(Object.entries(terms).filter(([, term]) => term != null)) as Partial<QuotaTerms>;
  if (value_type === 'quota') return { feature, value_type, value, ...QUOTA_DEFAULTS, ...given };
  const isPlain = Object.entries(given).every(([name, term]) => name === 'overage' && term === 'none');
  return isPlain
    ? { feature, value_type, value, ...NO_QUOTA }
    : refuseEntitlement('INVALID_ENTITLEMENT', { feature, value_type });
};

/** Entitlements by feature, after one of them was set, or removed (undefined). */
export const withEntitlement = (
  entitlements: ReadonlyMap<string, Entitlement>,
  feature: string,
  present: Entitlement | undefined,
): ReadonlyMap<string, Entitlement> => {
  const after = new Map(entitlements);
  if (present === undefined) after.delete(feature);
  else after.set(feature, present);
  return after;
};
