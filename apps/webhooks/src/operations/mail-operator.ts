import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import type { Mail } from '#platform/mail/mail';
import { MailOutbox } from '#platform/mail/outbox';
import { LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { WebhooksSettings } from '../webhooks.settings.ts';
import { EndpointList } from '../endpoints/endpoint.list.ts';

/** Reasons for which Keyledger switches off a webhook by itself. */
const WHY: Readonly<Record<string, string>> = {
  gone: 'its endpoint answered 410 Gone',
  failing: 'nothing but failures came of it for five days',
};

/** Mails the operator when Keyledger has switched off a webhook by itself. */
@Controller()
export class MailOperator {
  constructor(
    private readonly settings: WebhooksSettings,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly endpoints: EndpointList,
    private readonly outbox: MailOutbox,
  ) {}

  @Subscribe({
    service: 'webhooks',
    name: 'mail-operator',
    sources: ['webhooks'],
    types: ['webhook.endpoint_disabled'],
  })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    for (const event of batch) {
      const why = WHY[String(event.data['reason'])];
      if (why === undefined) continue;
      this.logger.warn({ webhook: event.subject, reason: event.data['reason'] }, 'a webhook was switched off');
      const mail = await this.#mail(event, why);
      if (mail !== undefined) await this.outbox.add(mail, tx);
    }
  }

  /** undefined without an operator's address, or when the webhook no longer exists. */
  async #mail({ id, subject, time, data }: PublishedEvent, why: string): Promise<Mail | undefined> {
    const to = this.settings.operator_email;
    const found = await this.endpoints.one(subject, null);
    if (to === undefined || found === undefined) return undefined;
    const { url, description } = found.webhook;
    // The rest of the URL may contain a secret of the receiver.
    const { origin } = new URL(url);
    const since = typeof data['failing_since'] === 'string' ? `\nFailing since: ${data['failing_since']}` : '';
    return {
      id,
      to,
      subject: `Webhook ${subject} was switched off`,
      text: `A webhook was switched off: ${why}.\n\nWebhook: ${subject}${description === null ? '' : ` (${description})`}\nEndpoint: ${origin}\nSwitched off: ${time}${since}\n\nWhat it is not sent meanwhile is kept for ${this.settings.retention_days} days. When the endpoint is well again:\n\n1. PATCH /api/v1/admin/webhooks/${subject} with {"active": true}\n2. POST /api/v1/admin/webhooks/${subject}/replays with {"since": "${time}"}\n`,
    };
  }
}
