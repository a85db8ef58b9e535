import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PoolClient } from 'pg';
import type { PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { MailOutbox } from '#platform/mail/outbox';
import { LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { WebhooksSettings } from '../webhooks.settings.ts';
import { EndpointList } from '../endpoints/endpoint.list.ts';
import { webhookDisabled } from './webhook-disabled.mail.ts';

/** Reasons for which Keyledger switches off a webhook by itself. */
const REASONS: readonly unknown[] = ['gone', 'failing'];

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
      if (!REASONS.includes(event.data['reason'])) continue;
      this.logger.warn({ webhook: event.subject, reason: event.data['reason'] }, 'a webhook was switched off');
      await this.#mail(event, tx);
    }
  }

  /** Writes nothing without an operator's address, or when the webhook no longer exists. */
  async #mail({ id, subject, time, data }: PublishedEvent, tx: PoolClient): Promise<void> {
    const to = this.settings.operator_email;
    const found = await this.endpoints.one(subject, null);
    if (to === undefined || found === undefined) return;
    const { url, description } = found.webhook;
    const values = {
      webhook: subject,
      description,
      // The rest of the URL may contain a secret of the receiver.
      origin: new URL(url).origin,
      gone: data['reason'] === 'gone',
      time,
      failing_since: typeof data['failing_since'] === 'string' ? data['failing_since'] : null,
      retention_days: this.settings.retention_days,
    };
    await this.outbox.write(webhookDisabled, values, { id, to, caused_at: time }, tx);
  }
}
