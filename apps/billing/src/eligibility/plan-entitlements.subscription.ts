import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { Entitlement } from '#domain/licensing/entitlements/entitlement';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { type ForeignEvent, recordedFrom } from '#events/projection/recorded';
import { tableProjection } from '#events/projection/table';
import { type PlanEntitlementRow, planEntitlementsTable } from './plan-entitlement.table.ts';

type EntitlementEvent =
  | ForeignEvent<'plan.entitlement_set', Entitlement>
  | ForeignEvent<'plan.entitlement_removed', Pick<Entitlement, 'feature'>>;

/** Projects what licensing publishes of the entitlements of plans. */
export const planEntitlementsProjection = tableProjection<PlanEntitlementRow, EntitlementEvent>({
  table: planEntitlementsTable,
  types: ['plan.entitlement_set', 'plan.entitlement_removed'],
  id: ({ stream_id, event }) => `${stream_id}/${event.data.feature}`,
  evolve: (row, { event, stream_id: plan_id, version }) => {
    if (row !== undefined && row.version >= version) return row;
    switch (event.type) {
      case 'plan.entitlement_set': {
        const { feature, value_type, value, stripe_meter_event_name } = event.data;
        const entitlement = { value_type, value, stripe_meter_event_name, removed: false };
        return { id: `${plan_id}/${feature}`, version, plan_id, feature, ...entitlement };
      }
      case 'plan.entitlement_removed':
        return row && { ...row, version, removed: true };
      default:
        return row;
    }
  },
});

@Controller()
export class PlanEntitlementsSubscription {
  @Subscribe({
    service: 'billing',
    name: 'plan-entitlements',
    sources: ['licensing'],
    types: planEntitlementsProjection.types,
  })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    await planEntitlementsProjection.handle(batch.map(recordedFrom), tx);
  }
}
