import { Controller, Inject } from '@nestjs/common';
import type { Eligibility } from '#domain/billing/subscription/subscription.access';
import { refuseSubscription } from '#domain/billing/subscription/subscription.errors';
import { seesProduct } from '#platform/auth/principal';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { Config } from '#platform/config/config';
import { type Call, Endpoint } from '#platform/http/endpoint';
import { CONFIG } from '#platform/service';
import { Eligibilities } from './eligibilities.ts';
import { readEligibility } from './eligibility.endpoints.ts';

@Controller()
export class EligibilityController {
  constructor(
    private readonly eligibilities: Eligibilities,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** A busy route: answers without waiting if access is given and everything is in memory. */
  @Endpoint(readEligibility)
  read({ query: { subscriber, product_id, feature }, principal }: Call<typeof readEligibility>): unknown {
    if (!seesProduct(principal, product_id)) return refuseSubscription('NOT_SUBSCRIBED');
    const now = this.clock.now().toISOString();
    const remembered = this.eligibilities.remembered(product_id, subscriber, feature, now);
    if (remembered !== undefined) return this.#answer(remembered);
    return this.eligibilities
      .find(product_id, subscriber, feature, now)
      .then((eligibility) => this.#answer(eligibility));
  }

  #answer(eligibility: Eligibility): unknown {
    if (eligibility.eligible) return eligibility;
    if (eligibility.code !== 'COMPLETE_PAYMENT') return refuseSubscription(eligibility.code);
    const { subscription_id } = eligibility;
    const complete_url = `${this.config.public_url}/api/v1/subscriptions/${subscription_id}/complete`;
    return refuseSubscription('COMPLETE_PAYMENT', { subscription_id, complete_url });
  }
}
