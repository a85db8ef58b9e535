import { type Entitlement, withEntitlement } from '../entitlements/entitlement.ts';
import type { Time } from '../../shared/time.ts';
import { type BindingEvent, type Bindings, evolveBindings, UNBOUND } from './license.binding.ts';
import { type BillingHold, evolveHolds, type Hold, type HoldEvent, NO_HOLDS } from './license.holds.ts';
import { type Ending, NO_SALE, pastDueSince, type Sale, type SaleEvent, type Sold } from './license.sale.ts';

export const LICENSE_STATUSES = [
  'active',
  'trialing',
  'past_due',
  'canceled',
  'expired',
  'suspended',
  'revoked',
] as const;
export type LicenseStatus = (typeof LICENSE_STATUSES)[number];
/** The statuses of a license that is neither suspended nor revoked. */
export type UnheldStatus = Exclude<LicenseStatus, 'suspended' | 'revoked'>;

export const IDENTIFIER_TYPES = ['device', 'user'] as const;
export type IdentifierType = (typeof IDENTIFIER_TYPES)[number];

/** Descriptive fields of a license. No rule depends on them. */
export interface Description {
  readonly name: string | null;
  readonly org_name: string | null;
  readonly external_customer_id: string | null;
  readonly external_workspace_id: string | null;
  readonly notes: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface Term {
  readonly valid_from: Time;
  /** null = no end, or the term waits for the first activation. */
  readonly valid_until: Time | null;
  /**
   * The ends of this term and of those after it are counted from here by the calendar, so that a month of 28 days does not
   * shorten the ones after it. null = the term waits for the first activation.
   */
  readonly term_anchor: Time | null;
  /** Until when new releases are included; null = for as long as it works. */
  readonly updates_until: Time | null;
}

interface OfProduct {
  readonly product_id: string;
}

/** An event that an event of the license's subscription caused. */
interface Followed {
  /** Version of that event in the stream of the subscription. */
  readonly subscription_version?: number;
}

/** When a license with a subscription expires if billing reports nothing else. */
interface Safeguarded {
  readonly expires_at?: Time | null;
}

export type LicenseEvent = Followed & OwnEvent;

type OwnEvent =
  | BindingEvent
  | HoldEvent
  | SaleEvent
  | (OfProduct & {
      readonly type: 'license.created';
      readonly plan_id: string;
      readonly customer_id: string;
      /** null for a sale without an address. */
      readonly email: string | null;
      readonly status: UnheldStatus;
      /** The license starts with a trial. */
      readonly trial: boolean;
      /** Keyed hash of the license key, for look-ups. */
      readonly key_hash: string;
      /** The key, encrypted. */
      readonly key_sealed: string;
      /** null = the term waits for the first activation. */
      readonly term_started_at: Time | null;
      readonly quantity?: number;
      /** It begins with a trial or with its first invoice, before a payment. */
      readonly provisional?: boolean;
      /** Language of the customer, BCP 47. */
      readonly locale?: string | null;
    } & Partial<Sale> &
      Safeguarded &
      Description &
      Term)
  | (OfProduct & {
      readonly type: 'license.term_started';
      readonly started_at: Time;
      readonly term_anchor: Time;
      readonly valid_until: Time | null;
      readonly updates_until: Time | null;
    })
  | (OfProduct & { readonly type: 'license.trial_started'; readonly customer_id: string })
  | (OfProduct &
      Pick<Description, 'name' | 'org_name' | 'external_customer_id' | 'external_workspace_id'> & {
        readonly type: 'license.transferred';
        readonly customer_id: string;
        readonly previous_customer_id: string;
        readonly email: string | null;
        readonly reason: string | null;
      })
  | (OfProduct & { readonly type: 'license.updated'; readonly customer_id: string } & Partial<Description>)
  | (OfProduct &
      Term &
      Safeguarded & {
        readonly type: 'license.renewed';
        readonly status: UnheldStatus;
        readonly plan_id: string;
        /** The term is a trial; missing = it is not. */
        readonly trial?: boolean;
        /** The term is paid. */
        readonly paid?: boolean;
        /** The subscription has ended, and the license is kept. */
        readonly ending?: 'kept';
      })
  | (OfProduct & {
      readonly type: 'license.past_due';
      readonly valid_until: Time;
      readonly grace_until: Time;
      /** Missing = since `valid_until`. */
      readonly past_due_at?: Time;
    })
  | (OfProduct & { readonly type: 'license.expired'; readonly valid_until: Time })
  | (OfProduct & {
      readonly type: 'license.canceled';
      readonly reason: string | null;
      readonly valid_until: Time;
      /** Its subscription has ended: what the license becomes at `valid_until`. */
      readonly ending?: Ending;
    })
  | (OfProduct & {
      readonly type: 'license.suspended';
      readonly reason: string | null;
      /** Missing = an operator. */
      readonly by?: BillingHold;
    })
  | (OfProduct & { readonly type: 'license.reinstated'; readonly reason: string | null; readonly status: UnheldStatus })
  | (OfProduct & { readonly type: 'license.revoked'; readonly reason: string | null })
  | (OfProduct & { readonly type: 'license.key_revealed' })
  | (OfProduct & {
      readonly type: 'license.key_rotated';
      readonly key_hash: string;
      readonly key_sealed: string;
      readonly reason: string | null;
    })
  | (OfProduct & {
      readonly type: 'license.file_issued';
      /** Of the machine that the file is for. */
      readonly identifier_hash: string;
      readonly issued_at: Time;
      readonly expires_at: Time;
    })
  | (OfProduct & { readonly type: 'license.add_on_enabled' | 'license.add_on_disabled'; readonly add_on_id: string })
  | (OfProduct & Entitlement & { readonly type: 'license.entitlement_overridden'; readonly reason: string | null })
  | (OfProduct & { readonly type: 'license.entitlement_restored'; readonly feature: string })
  | (OfProduct &
      Term &
      Safeguarded & {
        readonly type: 'plan.changed';
        readonly plan_id: string;
        readonly previous_plan_id: string;
        readonly reason: string | null;
        readonly status: UnheldStatus;
        readonly trial: boolean;
      })
  | (OfProduct & {
      readonly type: 'activation.added';
      readonly activation_id: string;
      readonly customer_id: string;
      /** Base64url SHA-256 of the normalized identifier. Leases are bound to it. */
      readonly identifier_hash: string;
      readonly identifier: string | null;
      readonly identifier_type: IdentifierType;
      readonly label: string | null;
      readonly ip: string | null;
      readonly added_at: Time;
    })
  | (OfProduct & {
      readonly type: 'activation.removed';
      readonly activation_id: string;
      readonly identifier_hash: string;
      readonly reason: 'client' | 'operator';
      /** The activation was released because it was not verified within the plan's `activation_ttl_days`. */
      readonly unseen?: boolean;
      readonly removed_at: Time;
    });

export interface Activation {
  readonly activation_id: string;
  readonly identifier: string | null;
  readonly identifier_type: IdentifierType;
  readonly label: string | null;
  readonly ip: string | null;
  readonly added_at: Time;
}

/** A license that has been issued. While it is suspended, `resumes_as` is the status it will return to. */
export interface License extends Description, Term, Sold {
  readonly status: LicenseStatus;
  readonly resumes_as: UnheldStatus;
  readonly trial: boolean;
  readonly product_id: string;
  readonly plan_id: string;
  readonly customer_id: string;
  readonly email: string | null;
  readonly key_hash: string;
  readonly key_sealed: string;
  /** null while the term waits for the first activation. */
  readonly term_started_at: Time | null;
  /** The customers that have used this license as their trial. */
  readonly trial_customers: ReadonlySet<string>;
  /** The end of the grace period, once it has begun; null before. */
  readonly grace_until: Time | null;
  /** Why it is suspended; empty unless it is. */
  readonly holds: ReadonlySet<Hold>;
  /** By identifier hash, oldest first. */
  readonly activations: ReadonlyMap<string, Activation>;
  /** When apps released activations, oldest first; the latest `KEPT_DEACTIVATIONS` of them. */
  readonly deactivations: readonly Time[];
  readonly bindings: Bindings;
  readonly add_ons: ReadonlySet<string>;
  /** The license's own entitlements, by feature. */
  readonly overrides: ReadonlyMap<string, Entitlement>;
}

/** The largest `max_deactivations` that a plan may have. */
export const KEPT_DEACTIVATIONS = 1000;

export type LicenseState = { readonly status: 'none' } | License;

const initialState: LicenseState = { status: 'none' };

/** Shared empty sets and maps: most licenses have nothing in them, and the cache holds 50,000 licenses. */
const NONE: ReadonlySet<never> = new Set<never>();
const NOTHING: ReadonlyMap<never, never> = new Map<never, never>();

const evolve = (state: LicenseState, event: LicenseEvent): LicenseState => {
  const { subscription_version } = event;
  const next = evolved(state, event);
  return subscription_version === undefined || next.status === 'none' ? next : { ...next, subscription_version };
};

const evolved = (state: LicenseState, event: LicenseEvent): LicenseState => {
  if (event.type === 'license.created') {
    const { type: _event, locale: _locale, ...license } = event;
    return {
      ...NO_SALE,
      quantity: 1,
      provisional: false,
      past_due_at: license.status === 'past_due' ? license.valid_until : null,
      expires_at: null,
      ending: null,
      subscription_version: 0,
      ...license,
      resumes_as: license.status,
      trial_customers: NONE,
      grace_until: null,
      holds: NO_HOLDS,
      activations: NOTHING,
      deactivations: [],
      bindings: UNBOUND,
      add_ons: NONE,
      overrides: NOTHING,
    };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'license.updated': {
      const { type: _event, product_id: _product, customer_id: _customer, ...changes } = event;
      return { ...state, ...changes };
    }
    case 'license.renewed':
      return {
        ...inStatus(state, event.status, event.valid_until),
        ...termOf(event),
        trial: event.trial ?? false,
        provisional: state.provisional && event.paid !== true,
        expires_at: event.expires_at ?? null,
        ending: event.ending ?? null,
      };
    case 'license.term_started': {
      const { started_at, term_anchor, valid_until, updates_until } = event;
      return { ...state, term_started_at: started_at, term_anchor, valid_until, updates_until };
    }
    case 'license.trial_started':
      return { ...state, trial_customers: new Set(state.trial_customers).add(event.customer_id) };
    case 'license.transferred': {
      const { type: _event, previous_customer_id: _previous, reason: _reason, ...owner } = event;
      // A new owner has other devices, so the bindings are removed.
      return { ...state, ...owner, bindings: owner.customer_id === state.customer_id ? state.bindings : UNBOUND };
    }
    case 'plan.changed':
      return {
        ...inStatus(state, event.status, event.valid_until),
        ...termOf(event),
        plan_id: event.plan_id,
        trial: event.trial,
        expires_at: event.expires_at ?? null,
      };
    case 'license.past_due':
      return {
        ...inStatus(state, 'past_due'),
        grace_until: event.grace_until,
        past_due_at: event.past_due_at ?? event.valid_until,
      };
    case 'license.expired':
      return inStatus(state, 'expired');
    case 'license.canceled':
      return {
        ...state,
        status: event.ending !== undefined && state.status === 'suspended' ? 'suspended' : 'canceled',
        resumes_as: 'canceled',
        valid_until: event.valid_until,
        grace_until: null,
        past_due_at: null,
        holds: event.ending === undefined ? NO_HOLDS : state.holds,
        ending: event.ending ?? null,
      };
    case 'license.suspended':
      return { ...state, status: 'suspended', holds: evolveHolds(state.holds, event) };
    case 'license.held':
    case 'license.released':
      return { ...state, holds: evolveHolds(state.holds, event) };
    case 'license.reinstated':
      return {
        ...state,
        status: event.status,
        resumes_as: event.status,
        past_due_at: pastDueSince(event.status, state.valid_until, state),
        holds: evolveHolds(state.holds, event),
      };
    case 'license.quantity_changed':
      return { ...state, quantity: event.quantity };
    case 'license.expiry_postponed':
      return { ...state, expires_at: event.expires_at };
    case 'license.billing_followed':
      return state;
    case 'license.revoked':
      return { ...state, status: 'revoked' };
    case 'license.key_rotated':
      return { ...state, key_hash: event.key_hash, key_sealed: event.key_sealed };
    case 'license.add_on_enabled':
      return { ...state, add_ons: new Set(state.add_ons).add(event.add_on_id) };
    case 'license.add_on_disabled':
      return { ...state, add_ons: new Set([...state.add_ons].filter((id) => id !== event.add_on_id)) };
    case 'license.entitlement_overridden': {
      const { type: _event, product_id: _product, reason: _reason, ...own } = event;
      return { ...state, overrides: withEntitlement(state.overrides, event.feature, own) };
    }
    case 'license.entitlement_restored':
      return { ...state, overrides: withEntitlement(state.overrides, event.feature, undefined) };
    case 'license.bound':
    case 'license.unbound':
      return { ...state, bindings: evolveBindings(state.bindings, event) };
    case 'activation.added': {
      const { identifier_hash, activation_id, identifier, identifier_type, label, ip, added_at } = event;
      const activation = { activation_id, identifier, identifier_type, label, ip, added_at };
      return { ...state, activations: new Map(state.activations).set(identifier_hash, activation) };
    }
    case 'activation.removed': {
      const activations = new Map(state.activations);
      activations.delete(event.identifier_hash);
      const { reason, removed_at } = event;
      if (reason !== 'client') return { ...state, activations };
      return { ...state, activations, deactivations: [...state.deactivations, removed_at].slice(-KEPT_DEACTIVATIONS) };
    }
    default:
      return state;
  }
};

const termOf = ({ valid_from, valid_until, term_anchor, updates_until }: Term): Term => ({
  valid_from,
  valid_until,
  term_anchor,
  updates_until,
});

/** A suspended license stays suspended; only the status that it resumes as changes. */
const inStatus = (state: License, status: UnheldStatus, valid_until = state.valid_until): License => ({
  ...state,
  status: state.status === 'suspended' ? 'suspended' : status,
  resumes_as: status,
  // Billing ends the time past due of a subscription, not the next term.
  grace_until: status === 'past_due' && state.subscription_id !== null ? state.grace_until : null,
  past_due_at: pastDueSince(status, valid_until, state),
});

const customer = (event: LicenseEvent): string | null => ('customer_id' in event ? event.customer_id : null);

/** One stream per license, `lic_…`, with its activations. */
export const licenseStream = {
  name: 'license',
  initialState,
  evolve,
  personal: {
    'license.created': { person: customer, fields: ['email', 'name', 'org_name', 'notes'] },
    'license.transferred': { person: customer, fields: ['email', 'name', 'org_name'] },
    'license.updated': { person: customer, fields: ['name', 'org_name', 'notes'] },
    'activation.added': { person: customer, fields: ['identifier', 'label', 'ip'] },
  },
};
