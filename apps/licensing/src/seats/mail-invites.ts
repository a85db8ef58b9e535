import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { productStream } from '#domain/licensing/product/product';
import type { SeatEvent } from '#domain/licensing/seat/seat';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import type { EventStore } from '#events/store';
import { type Mail, oneLine } from '#platform/mail/mail';
import { MailOutbox } from '#platform/mail/outbox';
import { EVENT_STORE } from '#platform/service';
import { SeatSettings } from './seat.settings.ts';
import { InviteTokens } from './invite-tokens.ts';

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
    for (const { subject, streamversion } of batch) {
      const [recorded] = await this.store.readStream<Invited>(subject, { after: streamversion - 1, limit: 1 });
      const mail = recorded && (await this.#mail(recorded.event));
      if (mail !== undefined) await this.outbox.add(mail, tx);
    }
  }

  /** Returns undefined if there is no address any more: the personal data was forgotten. */
  async #mail({ email, invite_id, role, product_id, expires_at }: Invited): Promise<Mail | undefined> {
    if (email === null) return undefined;
    const { state } = await this.store.load(productStream, product_id);
    const product = oneLine(state.status === 'none' ? 'the product' : state.name, 100);
    const token = this.tokens.token(invite_id);
    const { invite_url } = this.settings;
    const way =
      invite_url === undefined
        ? `Your invitation code:\n${token}`
        : // The token follows the #: browsers do not send that part, so it appears in no server log.
          `Accept the invitation here:\n${invite_url}#token=${token}\n\nOr enter this invitation code:\n${token}`;
    return {
      id: invite_id,
      to: email,
      subject: `You are invited to ${product}`,
      text: `You are invited to use ${product} as ${role}.\n\n${way}\n\nIt works once, until ${expires_at.slice(0, 16).replace('T', ' ')} UTC. If you did not expect this mail, do nothing.\n`,
    };
  }
}
