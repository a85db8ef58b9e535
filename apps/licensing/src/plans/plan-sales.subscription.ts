import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { type ForeignEvent, recordedFrom } from '#events/projection/recorded';
import { tableProjection } from '#events/projection/table';
import { type PlanSaleRow, planSalesTable } from './plan-sale.table.ts';

const ENDS = ['subscription.canceled', 'subscription.expired'];

type SaleEvent = ForeignEvent<string, { readonly plan_id: string }>;

/** Projects what billing publishes of the prices and subscriptions of plans. */
export const planSalesProjection = tableProjection<PlanSaleRow, SaleEvent>({
  table: planSalesTable,
  types: ['price.created', 'subscription.created', 'subscription.plan_changed', ...ENDS],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event: { type, data }, stream_id: id, version }) => {
    if (row !== undefined && row.version >= version) return row;
    const kind = type === 'price.created' ? 'price' : 'subscription';
    return { id, version, plan_id: data.plan_id, kind, live: !ENDS.includes(type) };
  },
});

@Controller()
export class PlanSalesSubscription {
  @Subscribe({ service: 'licensing', name: 'plan-sales', sources: ['billing'], types: planSalesProjection.types })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    await planSalesProjection.handle(batch.map(recordedFrom), tx);
  }
}
