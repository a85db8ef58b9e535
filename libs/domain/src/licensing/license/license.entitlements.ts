import { type AddOnState, refuseAddOn } from '../add-on/add-on.ts';
import {
  entitlement,
  type Entitlement,
  type EntitlementValue,
  type QuotaTerms,
  refuseEntitlement,
  type ValueType,
} from '../entitlements/entitlement.ts';
import { changed } from '../../shared/changed.ts';
import { refuse } from './license.errors.ts';
import type { LicenseEvent, LicenseState } from './license.ts';

/** An operator's value for a feature of one license. Fields that are left out are as in the plan. */
export type Override = {
  readonly feature: string;
  readonly value: EntitlementValue;
  readonly value_type?: ValueType | undefined;
} & { readonly [Term in keyof QuotaTerms]?: QuotaTerms[Term] | undefined };

export type LicenseEntitlementCommand =
  | { readonly type: 'EnableAddOn'; readonly add_on_id: string; readonly add_on: AddOnState }
  | { readonly type: 'DisableAddOn'; readonly add_on_id: string }
  | {
      readonly type: 'OverrideEntitlement';
      readonly override: Override;
      /** Entitlements of the license's plan, by feature. */
      readonly entitlements: ReadonlyMap<string, Entitlement>;
      readonly reason: string | null;
    }
  | { readonly type: 'RestoreEntitlement'; readonly feature: string };

/** Changes the add-ons and overrides of one license, beside or instead of its plan. A revoked license never changes. */
export const decideLicenseEntitlements = (
  command: LicenseEntitlementCommand,
  state: LicenseState,
): readonly LicenseEvent[] => {
  if (state.status === 'none') return refuse('LICENSE_NOT_FOUND');
  if (state.status === 'revoked') return refuse('LICENSE_REVOKED');
  const { product_id, add_ons, overrides } = state;
  switch (command.type) {
    case 'EnableAddOn': {
      const { add_on, add_on_id } = command;
      if (add_on.status === 'none' || add_on.product_id !== product_id) return refuseAddOn('ADD_ON_NOT_FOUND');
      if (add_ons.has(add_on_id)) return [];
      if (!add_on.active) return refuseAddOn('ADD_ON_INACTIVE');
      return [{ type: 'license.add_on_enabled', product_id, add_on_id }];
    }
    case 'DisableAddOn':
      if (!add_ons.has(command.add_on_id)) return refuseAddOn('ADD_ON_NOT_FOUND');
      return [{ type: 'license.add_on_disabled', product_id, add_on_id: command.add_on_id }];
    case 'OverrideEntitlement': {
      const { override, entitlements, reason } = command;
      const own = overriding(entitlements.get(override.feature), override);
      const present = overrides.get(override.feature);
      if (present !== undefined && Object.keys(changed(present, own)).length === 0) return [];
      return [{ type: 'license.entitlement_overridden', product_id, ...own, reason }];
    }
    case 'RestoreEntitlement':
      if (!overrides.has(command.feature)) return refuseEntitlement('ENTITLEMENT_NOT_FOUND');
      return [{ type: 'license.entitlement_restored', product_id, feature: command.feature }];
    default:
      return command satisfies never;
  }
};

/** A feature of the plan keeps its type. For other features, the override names the type, or its value implies it. */
const overriding = (of: Entitlement | undefined, { feature, value, ...wanted }: Override): Entitlement => {
  const { value_type = of?.value_type ?? typeOf(value), ...terms } = wanted;
  if (of !== undefined && value_type !== of.value_type)
    return refuseEntitlement('INVALID_ENTITLEMENT', { feature, value_type: of.value_type });
  const given = Object.fromEntries(
    Object.entries(terms).filter(([, term]) => term !== undefined),
  ) as Partial<QuotaTerms>;
  return entitlement({ ...of, feature, value_type, value, ...given });
};

const typeOf = (value: EntitlementValue): ValueType =>
  typeof value === 'boolean' ? 'bool' : typeof value === 'string' ? 'string' : 'int';
