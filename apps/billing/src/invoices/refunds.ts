import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { decideInvoice } from '#domain/billing/invoice/invoice.commands';
import { type Invoice, invoiceStream, isFinalized } from '#domain/billing/invoice/invoice';
import { derivedId } from '#domain/shared/id';
import type { EventMetadata } from '#events/event';
import type { EventStore } from '#events/store';
import { type Clock, CLOCK } from '#platform/clock/clock';
import { EVENT_STORE } from '#platform/service';
import { type Changing, expecting } from '../if-match.ts';
import { Payments } from '../payments/payments.ts';

export interface RefundRequest {
  /** The same id refunds once. */
  readonly refund_id: string;
  /** null = all that is left of what was paid. */
  readonly amount: number | null;
  readonly reason: string | null;
}

/** Gives money back: the invoice reserves it, then each payment refunds its part. */
@Injectable()
export class Refunds {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly payments: Payments,
  ) {}

  /** @throws Refusal REFUND_EXCEEDS_PAYMENT, INVALID_AMOUNT; Problem PAYMENT_PROVIDER_UNAVAILABLE */
  async request(
    invoice_id: string,
    { refund_id, amount, reason }: RefundRequest,
    { metadata, if_match }: Changing,
  ): Promise<void> {
    const now = this.clock.now().toISOString();
    const { state } = await this.store.handle(
      invoiceStream,
      invoice_id,
      (before) => {
        const refund_ids = isFinalized(before) ? idsOf(refund_id, before) : [refund_id];
        return decideInvoice({ type: 'RequestRefund', refund_ids, amount, reason, now }, before);
      },
      { metadata, ...expecting(if_match) },
    );
    if (!isFinalized(state)) return;
    for (const id of idsOf(refund_id, state))
      if (state.refunds.get(id)?.status === 'pending') await this.make(invoice_id, id, metadata);
  }

  /** Makes a refund that is reserved. It happens once. */
  async make(invoice_id: string, refund_id: string, metadata: EventMetadata): Promise<void> {
    const { state } = await this.store.load(invoiceStream, invoice_id);
    const refund = isFinalized(state) ? state.refunds.get(refund_id) : undefined;
    if (refund?.status !== 'pending') return;
    const { payment_id, amount, reason } = refund;
    await this.payments.refund({ refund_id, payment_id, amount }, reason, metadata);
  }
}

/** An id for the refund of each payment: the first one is that of the request. */
const idsOf = (refund_id: string, { payments }: Invoice): readonly string[] =>
  Array.from({ length: Math.max(1, payments.size) }, (_, n) =>
    n === 0 ? refund_id : derivedId('ref', createHash('sha256').update(`${refund_id}/${n}`).digest()),
  );
