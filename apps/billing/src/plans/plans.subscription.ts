import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { BILLING_POLICY_DEFAULTS } from '#domain/licensing/plan/plan.billing-policies';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { type ForeignEvent, recordedFrom } from '#events/projection/recorded';
import { tableProjection } from '#events/projection/table';
import { type PlanRow, plansTable } from './plan.table.ts';

type Known = Omit<PlanRow, 'id' | 'version'>;
type PlanEvent =
  | ForeignEvent<'plan.created', Known>
  | ForeignEvent<'plan.updated', { readonly changes: Partial<Known> }>
  | ForeignEvent<'plan.deleted'>;

/** Projects the plans that licensing publishes into the columns that billing needs. */
export const plansProjection = tableProjection<PlanRow, PlanEvent>({
  table: plansTable,
  types: ['plan.created', 'plan.updated', 'plan.deleted'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version }) => {
    if (row !== undefined && row.version >= version) return row;
    switch (event.type) {
      case 'plan.created':
        return { ...known(event.data), id: stream_id, version };
      case 'plan.updated':
        return row && { ...row, ...event.data.changes, version };
      case 'plan.deleted':
        return null;
      default:
        return row;
    }
  },
});

/** Published events of plans from before there were policies have null in their place. */
const known = (data: Known): Known => ({
  ...data,
  ...Object.fromEntries(
    Object.entries(BILLING_POLICY_DEFAULTS).filter(([policy]) => data[policy as keyof Known] === null),
  ),
});

@Controller()
export class PlansSubscription {
  @Subscribe({ service: 'billing', name: 'plans', sources: ['licensing'], types: plansProjection.types })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    await plansProjection.handle(batch.map(recordedFrom), tx);
  }
}
