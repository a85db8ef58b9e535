import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { type ForeignEvent, recordedFrom } from '#events/projection/recorded';
import { tableProjection } from '#events/projection/table';
import { type PlanRow, plansTable } from './plan.table.ts';

type Known = Omit<PlanRow, 'id' | 'version'>;
type PlanEvent =
  ForeignEvent<'plan.created', Known> | ForeignEvent<'plan.updated', { readonly changes: Partial<Known> }>;

/** Plans as licensing publishes them, in the columns that billing needs. */
export const plansProjection = tableProjection<PlanRow, PlanEvent>({
  table: plansTable,
  types: ['plan.created', 'plan.updated'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version }) => {
    if (row !== undefined && row.version >= version) return row;
    switch (event.type) {
      case 'plan.created':
        return { id: stream_id, version, ...known(event.data) };
      case 'plan.updated':
        return row && { id: stream_id, version, ...known({ ...row, ...event.data.changes }) };
      default:
        return row;
    }
  },
});

const known = ({
  product_id,
  name,
  slug,
  license_type,
  billing_interval,
  trial_days,
  grace_days,
  active,
}: Known): Known => ({
  product_id,
  name,
  slug,
  license_type,
  billing_interval,
  trial_days,
  grace_days,
  active,
});

@Controller()
export class PlansSubscription {
  @Subscribe({ service: 'billing', name: 'plans', sources: ['licensing'], types: plansProjection.types })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    await plansProjection.handle(batch.map(recordedFrom), tx);
  }
}
