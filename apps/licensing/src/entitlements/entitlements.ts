import { Inject, Injectable } from '@nestjs/common';
import { type AddOn, type AddOnState, addOnStream, refuseAddOn } from '#domain/licensing/add-on/add-on';
import {
  type AddOnPart,
  type EffectiveEntitlement,
  type EffectiveEntitlements,
  effectiveEntitlements,
} from '#domain/licensing/entitlements/effective';
import type { EntitlementValue, ValueType } from '#domain/licensing/entitlements/entitlement';
import type { License } from '#domain/licensing/license/license';
import type { Plan } from '#domain/licensing/plan/plan';
import type { EventStore } from '#events/store';
import { EVENT_STORE } from '#platform/service';

/** The entitlements of a license, in the forms that callers need. */
export interface Granted {
  readonly effective: EffectiveEntitlements;
  /** Feature → type and value, as in leases and verifications. */
  readonly claims: Readonly<Record<string, { readonly value_type: ValueType; readonly value: EntitlementValue }>>;
  readonly quotas: readonly (readonly [feature: string, quota: EffectiveEntitlement])[];
}

interface Kept {
  readonly plan: Plan;
  readonly addOns: readonly AddOn[];
  readonly granted: Granted;
}

const NO_ADD_ONS: readonly AddOn[] = [];

/**
 * The entitlements of licenses, calculated once for each version of a license, its plan and its add-ons. States are replaced,
 * never changed, so identical state objects mean identical versions. The same object is returned while none of them has changed.
 */
@Injectable()
export class Entitlements {
  readonly #ofPlans = new WeakMap<Plan, Granted>();
  readonly #ofLicenses = new WeakMap<License, Kept>();

  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  async of(license: License, plan: Plan): Promise<Granted> {
    const addOns = await Promise.all([...license.add_ons].map((id) => this.store.load(addOnStream, id)));
    return this.#reckon(
      license,
      plan,
      addOns.map(({ state }) => made(state)),
    );
  }

  /** From states that a decision has read. `addOns` is in the order of the ids in the license. */
  ofStates(license: License, plan: Plan, addOns: readonly AddOnState[]): Granted {
    return this.#reckon(license, plan, addOns.map(made));
  }

  /** Answers without waiting if everything is in memory; undefined otherwise. */
  remembered(license: License, plan: Plan): Granted | undefined {
    if (license.add_ons.size === 0) return this.#reckon(license, plan, NO_ADD_ONS);
    const addOns: AddOn[] = [];
    for (const id of license.add_ons) {
      const loaded = this.store.peek(addOnStream, id);
      if (loaded === undefined) return undefined;
      addOns.push(made(loaded.state));
    }
    return this.#reckon(license, plan, addOns);
  }

  #reckon(license: License, plan: Plan, addOns: readonly AddOn[]): Granted {
    if (addOns.length === 0 && license.overrides.size === 0) return this.#ofPlan(plan);
    const kept = this.#ofLicenses.get(license);
    if (kept?.plan === plan && kept.addOns.every((addOn, n) => addOn === addOns[n])) return kept.granted;
    const granted = grant(plan.entitlements.values(), parts(license, addOns), license.overrides.values());
    this.#ofLicenses.set(license, { plan, addOns, granted });
    return granted;
  }

  /** Most licenses have exactly the entitlements of their plan, and share one result. */
  #ofPlan(plan: Plan): Granted {
    let granted = this.#ofPlans.get(plan);
    if (granted === undefined) {
      granted = grant(plan.entitlements.values(), [], []);
      this.#ofPlans.set(plan, granted);
    }
    return granted;
  }
}

const grant = (...of: Parameters<typeof effectiveEntitlements>): Granted => {
  const effective = effectiveEntitlements(...of);
  const all = Object.entries(effective);
  return {
    effective,
    claims: Object.fromEntries(all.map(([feature, { value_type, value }]) => [feature, { value_type, value }])),
    quotas: all.filter(([, { value_type }]) => value_type === 'quota'),
  };
};

/** An add-on of a license always exists: it was created before, and streams are never deleted. */
const made = (state: AddOnState): AddOn => (state.status === 'none' ? refuseAddOn('ADD_ON_NOT_FOUND') : state);

/** Pairs each add-on id of the license with its state: both are in the same order. */
const parts = (license: License, addOns: readonly AddOn[]): AddOnPart[] =>
  [...license.add_ons].flatMap((add_on_id, n) => {
    const addOn = addOns[n];
    return addOn === undefined ? [] : [{ add_on_id, ...addOn }];
  });
