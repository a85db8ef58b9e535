import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { PoolClient } from 'pg';
import { type LicenseEvent, licenseStream } from '#domain/licensing/license/license';
import { planStream } from '#domain/licensing/plan/plan';
import { productStream } from '#domain/licensing/product/product';
import type { PublishedEvent, RecordedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import type { EventStore } from '#events/store';
import { onDay } from '#platform/mail/language';
import { oneLine } from '#platform/mail/mail';
import { MailOutbox } from '#platform/mail/outbox';
import { EVENT_STORE } from '#platform/service';
import { LicenseKeys } from '../license-keys/license-keys.ts';
import { licenseDelivered } from '../notices/license-delivered.mail.ts';

type Created = Extract<LicenseEvent, { type: 'license.created' }>;

/**
 * Mails the key of a license that was sold. Published events contain no addresses, so it reads the event from its stream. A license
 * that an operator issues is delivered by the operator.
 */
@Controller()
export class DeliverLicenses {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly keys: LicenseKeys,
    private readonly outbox: MailOutbox,
  ) {}

  @Subscribe({ service: 'licensing', name: 'deliver-licenses', sources: ['licensing'], types: ['license.created'] })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() { tx }: EventContext): Promise<void> {
    for (const { subject, streamversion, data } of batch) {
      const { subscription_id, invoice_id } = data;
      if (subscription_id === null && invoice_id === null) continue;
      const [recorded] = await this.store.readStream<Created>(subject, { after: streamversion - 1, limit: 1 });
      if (recorded !== undefined) await this.#mail(recorded, tx);
    }
  }

  /** Writes nothing if there is no address: the sale named none, or the personal data was forgotten. */
  async #mail({ id, stream_id, event, recorded_at: caused_at }: RecordedEvent<Created>, tx: PoolClient): Promise<void> {
    const { email, name, locale, quantity = 1, trial, valid_until } = event;
    const { state: license } = await this.store.load(licenseStream, stream_id);
    if (email === null || license.status === 'revoked') return;
    // The event may arrive before the state in memory has it.
    const { key_sealed } = license.status === 'none' ? event : license;
    const { state: product } = await this.store.load(productStream, event.product_id);
    const { state: plan } = await this.store.load(planStream, event.plan_id);
    const values = {
      name,
      product: product.status === 'none' ? '' : oneLine(product.name, 100),
      plan: plan.status === 'none' ? '' : oneLine(plan.name, 100),
      license_key: this.keys.open(stream_id, key_sealed),
      quantity,
      // A subscription is renewed: the end of its first period says nothing to the customer.
      valid_until: trial && valid_until !== null ? onDay(valid_until) : null,
      portal_url: null,
    };
    await this.outbox.write(
      licenseDelivered,
      values,
      { id: `license-delivered-${id}`, to: email, locale, caused_at },
      tx,
    );
  }
}
