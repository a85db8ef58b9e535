import { Controller, Inject } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { NOT_COLLECTED } from '#domain/billing/invoice/collection';
import type { SubscriptionCommand } from '#domain/billing/subscription/subscription.commands';
import { type Subscription, subscriptionStream } from '#domain/billing/subscription/subscription';
import type { EventMetadata, PublishedEvent } from '#events/event';
import { type EventContext, Subscribe } from '#events/nest/event-transport';
import { type EventStore, StaleVersionError } from '#events/store';
import { tryAgain } from '#events/try-again';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { EVENT_STORE } from '#platform/service';
import { KnownPlans } from '../plans/known-plans.ts';
import { BillingTerms } from './billing-terms.ts';
import { LatePayments } from './late-payments.ts';
import { Subscriptions } from './subscriptions.ts';

interface OfInvoice {
  readonly subscription_id: string | null;
}

/** What happens to the invoices of a subscription happens to the subscription. Repeated events change nothing. */
@Controller()
export class FollowInvoices {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly subscriptions: Subscriptions,
    private readonly latePayments: LatePayments,
    private readonly plans: KnownPlans,
    private readonly terms: BillingTerms,
  ) {}

  @Subscribe({
    service: 'billing',
    name: 'follow-invoices',
    sources: ['billing'],
    types: ['invoice.paid', 'invoice.voided', 'invoice.payment_failed', 'invoice.overdue', 'invoice.refunded'],
  })
  async on(@Payload() batch: readonly PublishedEvent[], @Ctx() _context: EventContext): Promise<void> {
    for (const event of batch) {
      const { subscription_id } = event.data as unknown as OfInvoice;
      if (subscription_id !== null) await this.#follow(subscription_id, event);
    }
  }

  async #follow(id: string, event: PublishedEvent): Promise<void> {
    const metadata: EventMetadata = {
      actor: { type: 'system', id: 'follow-invoices' },
      correlation_id: event.correlationid,
      causation_id: event.id,
    };
    if (event.type === 'invoice.paid' || event.type === 'invoice.voided') {
      await this.subscriptions.settle(id, event.subject, event.type === 'invoice.paid', metadata);
      if (event.type === 'invoice.paid') await this.latePayments.take(id, event.subject, metadata);
      return;
    }
    const attempt = async (): Promise<void> => {
      const { state, version } = await this.store.load(subscriptionStream, id);
      const command = state.status === 'none' ? undefined : await this.#command(id, state, event);
      if (command === undefined) return;
      await this.subscriptions.handle(id, () => command, { metadata, expectedVersion: version });
    };
    await tryAgain(attempt, { when: (error) => error instanceof StaleVersionError });
  }

  /** @returns a command for this state: what was used is charged once */
  async #command(
    id: string,
    state: Subscription,
    { type, subject, data }: PublishedEvent,
  ): Promise<SubscriptionCommand | undefined> {
    const plan = await this.plans.find(state.plan_id);
    const now = this.clock.now().toISOString();
    switch (type) {
      case 'invoice.overdue':
        // What a provider collects is due at once, and was awaited for days.
        return this.#missed(
          subject,
          NOT_COLLECTED.includes(String(data['provider'])) ? String(data['due_at']) : now,
          false,
          plan?.grace_days,
        );
      case 'invoice.payment_failed':
        return this.#missed(subject, now, data['next_attempt_at'] === null, plan?.grace_days);
      case 'invoice.refunded':
        return data['full'] === true
          ? {
              type: 'Refunded',
              now,
              invoice_id: subject,
              reason: textOrNull(data['refund_reason']),
              ends: plan?.refund_policy !== 'keep',
              last: await this.subscriptions.lastUsage(id, state, now),
            }
          : undefined;
      default:
        return undefined;
    }
  }

  #missed(invoice_id: string, at: string, final: boolean, grace_days = 0): SubscriptionCommand {
    return { type: 'InvoiceMissed', invoice_id, at, final, grace_days, ...this.terms.dunning };
  }
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
