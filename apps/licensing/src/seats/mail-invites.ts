import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PoolClient } from 'pg';
import { productStream } from '#domain/licensing/product/product';
import type { SeatEvent } from '#domain/licensing/seat/seat';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import type { EventStore } from '#events/store';
import { atTime } from '#platform/mail/language';
import { oneLine } from '#platform/mail/mail';
import { MailOutbox } from '#platform/mail/outbox';
import { EVENT_STORE } from '#platform/service';
import { SeatSettings } from './seat.settings.ts';
import { InviteTokens } from './invite-tokens.ts';
import { seatInvite } from './seat-invite.mail.ts';

type Invited = Extract<SeatEvent, { type: 'seat.invited' | 'seat.invite_resent' }>;

/** Writes the mail of each invitation. Published events contain no addresses, so it reads the event from its stream. */
@Controller()
export class MailInvites {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly settings: SeatSettings,
    private readonly tokens: InviteTokens,
    private readonly outbox: MailOutbox,
  ) {}

  @Subscribe({
    service: 'licensing',
    name: 'mail-invites',
    sources: ['licensing'],
    types: ['seat.invited', 'seat.invite_resent'],
  })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    for (const { subject, streamversion, time } of batch) {
      const [recorded] = await this.store.readStream<Invited>(subject, { after: streamversion - 1, limit: 1 });
      if (recorded !== undefined) await this.#mail(recorded.event, time, tx);
    }
  }

  /** Writes nothing if there is no address any more: the personal data was forgotten. */
  async #mail(
    { email, invite_id, role, product_id, expires_at }: Invited,
    caused_at: string,
    tx: PoolClient,
  ): Promise<void> {
    if (email === null) return;
    const { state } = await this.store.load(productStream, product_id);
    const product = state.status === 'none' ? null : oneLine(state.name, 100);
    const token = this.tokens.token(invite_id);
    const { invite_url } = this.settings;
    // The token follows the #: browsers do not send that part, so it appears in no server log.
    const url = invite_url === undefined ? null : `${invite_url}#token=${token}`;
    const values = { product, role, url, code: token, expires_at: atTime(expires_at) };
    await this.outbox.write(seatInvite, values, { id: invite_id, to: email, caused_at }, tx);
  }
}
