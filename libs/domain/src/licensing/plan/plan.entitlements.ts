import { entitlement, refuseEntitlement, type WantedEntitlement } from '../entitlements/entitlement.ts';
import { changed } from '../../shared/changed.ts';
import { type PlanEvent, type PlanState, refusePlan } from './plan.ts';

export type PlanEntitlementCommand =
  | { readonly type: 'AddEntitlement'; readonly entitlement: WantedEntitlement }
  | {
      readonly type: 'ChangeEntitlement';
      readonly feature: string;
      readonly changes: Partial<Omit<WantedEntitlement, 'feature' | 'value_type'>>;
    }
  | { readonly type: 'RemoveEntitlement'; readonly feature: string };

/** A change of a plan's entitlements applies to its existing licenses too. */
export const decidePlanEntitlements = (command: PlanEntitlementCommand, state: PlanState): readonly PlanEvent[] => {
  if (state.status === 'none') return refusePlan('PLAN_NOT_FOUND');
  const { product_id } = state;
  const set = (wanted: WantedEntitlement): PlanEvent => ({
    type: 'plan.entitlement_set',
    product_id,
    ...entitlement(wanted),
  });
  switch (command.type) {
    case 'AddEntitlement':
      if (state.entitlements.has(command.entitlement.feature)) return refuseEntitlement('ENTITLEMENT_EXISTS');
      return [set(command.entitlement)];
    case 'ChangeEntitlement': {
      const present = state.entitlements.get(command.feature) ?? refuseEntitlement('ENTITLEMENT_NOT_FOUND');
      const changes = changed<WantedEntitlement>(present, command.changes);
      return Object.keys(changes).length === 0 ? [] : [set({ ...present, ...changes })];
    }
    case 'RemoveEntitlement':
      if (!state.entitlements.has(command.feature)) return refuseEntitlement('ENTITLEMENT_NOT_FOUND');
      return [{ type: 'plan.entitlement_removed', product_id, feature: command.feature }];
    default:
      return command satisfies never;
  }
};
