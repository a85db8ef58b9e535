import { setImmediate } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import type { Mail } from '#platform/mail/mail';
import { MailOutbox } from '#platform/mail/outbox';
import { Merchant } from './merchant.ts';
import { factsFor } from './notice.facts.ts';
import { NoticeSettings } from './notice.settings.ts';
import { NOTICED, noticeOf } from './notices.ts';

/** After rendering for so many milliseconds, other work of the process has its turn. */
const TURN_MS = 5;

/** Mails customers about their invoices and subscriptions, once for each event. */
@Controller()
export class MailCustomers {
  constructor(
    private readonly settings: NoticeSettings,
    private readonly outbox: MailOutbox,
    private readonly merchant: Merchant,
  ) {}

  @Subscribe({ service: 'billing', name: 'mail-customers', sources: ['billing'], types: NOTICED })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    if (this.settings.billing_mails === 'off') return;
    const facts = await factsFor(batch, tx);
    const merchant = await this.merchant.present();
    const { sender, account } = merchant;
    const mails: Mail[] = [];
    let begun = performance.now();
    for (const event of batch) {
      const notice = noticeOf(event, facts, account);
      const contact = facts.contacts.get(String(event.data['customer_id']));
      if (notice === undefined || contact === undefined) continue;
      if (this.settings.billing_mails_without.includes(notice.name)) continue;
      const { email: to } = contact;
      const locale = contact.locale ?? merchant.locale;
      mails.push(
        notice.mail({ id: `${notice.name}-${notice.once ?? event.id}`, to, locale, sender, caused_at: event.time }),
      );
      if (performance.now() - begun > TURN_MS) {
        await setImmediate();
        begun = performance.now();
      }
    }
    await this.outbox.add(mails, tx);
  }
}
