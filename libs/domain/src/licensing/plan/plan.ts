import { type Entitlement, withEntitlement } from '../entitlements/entitlement.ts';
import { changed } from '../../shared/changed.ts';
import { productSupports, type ProductType } from '../product/product.ts';
import { refuser } from '../../shared/refusal.ts';
import type { BillingInterval } from './billing-interval.ts';
import { ACTIVATION_DEFAULTS, type ActivationRules } from './plan.activation-rules.ts';
import { BILLING_POLICY_DEFAULTS, type BillingPolicies } from './plan.billing-policies.ts';
import { TERM_DEFAULTS, type TermRules } from './plan.term-rules.ts';

export const LICENSE_TYPES = ['perpetual', 'subscription', 'trial'] as const;
export type LicenseType = (typeof LICENSE_TYPES)[number];

export const LICENSE_MODELS = ['standard', 'floating'] as const;
export type LicenseModel = (typeof LICENSE_MODELS)[number];

/** What a license of a plan may do. For a maximum, null = unlimited and 0 = none. */
export interface PlanTerms extends TermRules, ActivationRules, BillingPolicies {
  readonly product_id: string;
  readonly name: string;
  readonly slug: string;
  readonly license_type: LicenseType;
  readonly license_model: LicenseModel;
  /** How long a subscription's term is; null = until something ends it. */
  readonly billing_interval: BillingInterval | null;
  readonly max_activations: number | null;
  readonly max_seats: number | null;
  readonly trial_days: number;
  /** Days for which a license keeps working after its term. */
  readonly grace_days: number;
  /** Minutes without a heartbeat after which a floating session ends. */
  readonly floating_timeout: number;
  /** Days for which a floating session may be borrowed for offline work; 0 = not at all. */
  readonly max_borrow_days: number;
  readonly sort_order: number;
  /** Inactive plans are not sold: no new licenses. */
  readonly active: boolean;
}

/** Defaults of fields that are left out. */
export const PLAN_DEFAULTS = {
  billing_interval: null,
  max_activations: 3,
  max_seats: 1,
  trial_days: 0,
  grace_days: 7,
  floating_timeout: 30,
  max_borrow_days: 0,
  sort_order: 0,
  active: true,
  ...TERM_DEFAULTS,
  ...ACTIVATION_DEFAULTS,
  ...BILLING_POLICY_DEFAULTS,
} as const satisfies Partial<PlanTerms>;

/** The fields that may change after a plan was created. */
export type PlanChanges = Partial<Omit<PlanTerms, 'product_id'>>;

export type PlanEvent =
  | ({ readonly type: 'plan.created'; readonly checkout_id: string } & PlanTerms)
  | { readonly type: 'plan.updated'; readonly product_id: string; readonly changes: PlanChanges }
  | ({ readonly type: 'plan.entitlement_set'; readonly product_id: string } & Entitlement)
  | { readonly type: 'plan.entitlement_removed'; readonly product_id: string; readonly feature: string }
  | { readonly type: 'plan.deleted'; readonly product_id: string };

export type Plan = {
  readonly status: 'created';
  readonly checkout_id: string;
  /** By feature. */
  readonly entitlements: ReadonlyMap<string, Entitlement>;
} & PlanTerms;
export type PlanState = { readonly status: 'none' } | Plan;

/** What refers to a plan, by its kind: the ids, or the first of them. */
export interface PlanUses {
  readonly licenses: readonly string[];
  /** Batches whose codes can be redeemed. */
  readonly key_batches: readonly string[];
  /** Of billing. */
  readonly prices: readonly string[];
  /** Of billing: those that live. */
  readonly subscriptions: readonly string[];
}

export type PlanCommand =
  | ({ readonly product_type: ProductType } & (
      | { readonly type: 'CreatePlan'; readonly plan: PlanTerms; readonly checkout_id: string }
      | { readonly type: 'UpdatePlan'; readonly changes: PlanChanges }
    ))
  | { readonly type: 'DeletePlan'; readonly uses: PlanUses };

export const planRefusals = {
  PLAN_EXISTS: { status: 409, message: 'A plan with this id exists.' },
  PLAN_NOT_FOUND: { status: 404, message: 'There is no such plan.' },
  PLAN_IN_USE: { status: 409, message: 'The plan is in use, so it cannot be deleted.' },
  SLUG_TAKEN: { status: 409, message: 'This slug is taken.' },
  FEATURE_NOT_AVAILABLE: {
    status: 403,
    message: 'Licenses of this plan have no activations, so no term can begin at the first one.',
  },
};

export const refusePlan = refuser(planRefusals);

const initialState: PlanState = { status: 'none' };

const evolve = (state: PlanState, event: PlanEvent): PlanState => {
  switch (event.type) {
    case 'plan.created': {
      const { type: _event, ...plan } = event;
      return { status: 'created', entitlements: new Map(), ...BILLING_POLICY_DEFAULTS, ...plan };
    }
    case 'plan.updated':
      return state.status === 'none' ? state : { ...state, ...event.changes };
    case 'plan.entitlement_set': {
      if (state.status === 'none') return state;
      const { type: _event, product_id: _product, ...set } = event;
      return { ...state, entitlements: withEntitlement(state.entitlements, event.feature, set) };
    }
    case 'plan.entitlement_removed':
      return state.status === 'none'
        ? state
        : { ...state, entitlements: withEntitlement(state.entitlements, event.feature, undefined) };
    // A deleted plan is as one that never was. Its id is not used again.
    case 'plan.deleted':
      return initialState;
    default:
      return state;
  }
};

export const decidePlan = (command: PlanCommand, state: PlanState): readonly PlanEvent[] => {
  switch (command.type) {
    case 'CreatePlan':
      if (state.status !== 'none') return refusePlan('PLAN_EXISTS');
      assertTermCanStart(command.plan, command.product_type);
      return [{ type: 'plan.created', checkout_id: command.checkout_id, ...command.plan }];
    case 'UpdatePlan': {
      if (state.status === 'none') return refusePlan('PLAN_NOT_FOUND');
      const changes = changed<PlanTerms>(state, command.changes);
      assertTermCanStart({ ...state, ...changes }, command.product_type);
      return Object.keys(changes).length === 0 ? [] : [{ type: 'plan.updated', product_id: state.product_id, changes }];
    }
    case 'DeletePlan': {
      if (state.status === 'none') return refusePlan('PLAN_NOT_FOUND');
      assertUnused(command.uses);
      const { product_id } = state;
      const removed = [...state.entitlements.keys()].map((feature): PlanEvent => ({
        type: 'plan.entitlement_removed',
        product_id,
        feature,
      }));
      return [...removed, { type: 'plan.deleted', product_id }];
    }
    default:
      return command satisfies never;
  }
};

/** @throws Refusal PLAN_IN_USE that names what refers to the plan */
export const assertUnused = (uses: PlanUses): void => {
  const used_by = Object.fromEntries(Object.entries(uses).filter(([, ids]) => (ids as readonly string[]).length > 0));
  if (Object.keys(used_by).length > 0) refusePlan('PLAN_IN_USE', { used_by });
};

/** A term that begins at the first activation needs activations. Floating sessions and seats are not activations. */
const assertTermCanStart = ({ term_starts, license_model }: PlanTerms, product: ProductType): void => {
  if (term_starts !== 'first_activation') return;
  if (license_model === 'floating' || !productSupports(product, 'activations')) refusePlan('FEATURE_NOT_AVAILABLE');
};

/** One stream per plan, `plan_…`. */
export const planStream = { name: 'plan', initialState, evolve };
