import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { type ForeignEvent, recordedFrom } from '#events/projection/recorded';
import { tableProjection } from '#events/projection/table';
import { type InUseRow, inUseTable } from './in-use.table.ts';

type UseEvent =
  | ForeignEvent<'seat.invited' | 'seat.added', { readonly license_id: string; readonly seat_id: string }>
  | ForeignEvent<'seat.removed' | 'seat.invite_expired', { readonly license_id: string; readonly seat_id: string }>
  | ForeignEvent<'activation.added' | 'activation.removed', { readonly activation_id: string }>;

/** Counts what is in use of each license: seats, invitations among them, and activations. */
export const inUseProjection = tableProjection<InUseRow, UseEvent>({
  table: inUseTable,
  types: [
    'seat.invited',
    'seat.added',
    'seat.removed',
    'seat.invite_expired',
    'activation.added',
    'activation.removed',
  ],
  id: ({ event: { data } }) => ('seat_id' in data ? data.seat_id : data.activation_id),
  evolve: (_row, { event, stream_id }) => {
    switch (event.type) {
      case 'seat.invited':
      case 'seat.added':
        return { id: event.data.seat_id, license_id: event.data.license_id, kind: 'seats' };
      case 'activation.added':
        return { id: event.data.activation_id, license_id: stream_id, kind: 'activations' };
      case 'seat.removed':
      case 'seat.invite_expired':
      case 'activation.removed':
        return null;
      default:
        return undefined;
    }
  },
});

@Controller()
export class InUseSubscription {
  @Subscribe({ service: 'billing', name: 'in-use', sources: ['licensing'], types: inUseProjection.types })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    await inUseProjection.handle(batch.map(recordedFrom), tx);
  }
}
