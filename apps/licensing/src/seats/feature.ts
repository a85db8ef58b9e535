import { seatStream } from '#domain/licensing/seat/seat';
import type { Feature } from '#platform/feature';
import { SeatSettings } from './seat.settings.ts';
import { ExpireInvites } from './expire-invites.ts';
import { InviteTokens } from './invite-tokens.ts';
import { MailInvites } from './mail-invites.ts';
import { SeatController } from './seat.controller.ts';
import { seatsProjection } from './seat.projection.ts';
import { seatsTable } from './seat.table.ts';
import { Seats } from './seats.ts';

export const seatsFeature: Feature = {
  settings: [SeatSettings],
  tables: [seatsTable],
  streams: [seatStream],
  projections: [seatsProjection],
  controllers: [SeatController],
  subscriptions: [MailInvites],
  providers: [Seats, InviteTokens],
  work: [ExpireInvites],
};
