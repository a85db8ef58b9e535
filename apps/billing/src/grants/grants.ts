import { Inject, Injectable } from '@nestjs/common';
import type { Grant } from '#domain/billing/subscription/subscription.grant';
import { refusePrice } from '#domain/billing/price/price.errors';
import { refuseSubscription } from '#domain/billing/subscription/subscription.errors';
import { customerId, newId } from '#domain/shared/id';
import { licenseOfSubscription } from '#domain/shared/license-of';
import { Refusal } from '#domain/shared/refusal';
import { UniqueViolationError } from '#events/store';
import { tryAgain } from '#events/try-again';
import { type Principal, seesProduct } from '#platform/auth/principal';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { MasterKey } from '#platform/crypto/keys';
import { Problem } from '#platform/http/problem';
import { MASTER_KEY } from '#platform/service';
import { Customers } from '../customers/customers.ts';
import { KnownPlans } from '../plans/known-plans.ts';
import { KnownProducts } from '../plans/known-products.ts';
import type { PlanRow } from '../plans/plan.table.ts';
import { BillingTerms } from '../subscriptions/billing-terms.ts';
import { SubscriptionList } from '../subscriptions/subscription.list.ts';
import { ONE_LIVE } from '../subscriptions/subscription.table.ts';
import { type Subscribed, Subscriptions } from '../subscriptions/subscriptions.ts';
import { grantedTime } from './granted-time.ts';
import type { GrantedUser } from './granted-user.ts';

type Options = Parameters<Subscriptions['handle']>[2];

export interface WantedGrant {
  readonly user: GrantedUser;
  readonly plan: PlanRow;
  /** ISO 8601. */
  readonly duration: string;
  readonly reason: string;
  readonly granted_by: string;
}

/** Enough for calls at the same time: each try that fails means that another call has succeeded. */
const TRIES = 10;

/** Subscriptions that are given, not sold. */
@Injectable()
export class Grants {
  constructor(
    private readonly plans: KnownPlans,
    private readonly products: KnownProducts,
    private readonly customers: Customers,
    private readonly list: SubscriptionList,
    private readonly subscriptions: Subscriptions,
    private readonly terms: BillingTerms,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The plan that a grant names, sold or not. @throws Refusal PLAN_NOT_FOUND; Problem PLAN_AMBIGUOUS, VALIDATION_FAILED */
  async plan(
    { plan, plan_id }: { readonly plan?: string; readonly plan_id?: string },
    principal: Principal,
  ): Promise<PlanRow> {
    if ((plan === undefined) === (plan_id === undefined)) throw planMissing();
    const found = plan_id === undefined ? await this.plans.bySlug(plan ?? '') : [await this.plans.find(plan_id)];
    const [first, ...others] = found.filter((one) => one !== undefined && seesProduct(principal, one.product_id));
    if (first === undefined) return refusePrice('PLAN_NOT_FOUND');
    if (others.length === 0) return first;
    const plan_ids = [first, ...others].map((one) => one?.id);
    throw new Problem(400, 'PLAN_AMBIGUOUS', `Several products have a plan ${plan}.`, { plan_ids });
  }

  /**
   * Gives a subscription, or extends the one that was given. Of calls at the same time one gives and the others extend: the unique
   * index on live subscriptions decides.
   * @throws Refusal INVALID_DURATION, SUBSCRIPTION_EXISTS with the id of a subscription that is paid or has another plan
   */
  give(wanted: WantedGrant, options: Options): Promise<Subscribed> {
    const endAfter = grantedTime(wanted.duration, this.clock.now());
    return tryAgain(() => this.#give(wanted, endAfter, options), { when: wasOvertaken, atMost: TRIES });
  }

  async #give(wanted: WantedGrant, endAfter: Grant['endAfter'], options: Options): Promise<Subscribed> {
    const { user, plan } = wanted;
    const living = await this.#living(plan.product_id, user.subscriber);
    const id = living ?? newId('sub');
    const command = await this.#command(id, wanted, endAfter, { isNew: living === undefined, options });
    try {
      return await this.subscriptions.handle(id, () => command, {
        ...options,
        ...(living === undefined ? { expectedVersion: 0 } : {}),
      });
    } catch (error) {
      if (error instanceof Refusal && error.code === 'SUBSCRIPTION_EXISTS')
        return refuseSubscription('SUBSCRIPTION_EXISTS', { subscription_id: id });
      throw error;
    }
  }

  /**
   * A grant is the only one of its subscriber and product, even where the product allows several subscriptions. There it does not
   * collide with those that are paid.
   */
  async #living(product_id: string, subscriber: string): Promise<string | undefined> {
    const living = (await this.products.allowsSeveral(product_id))
      ? await this.list.sole(product_id, subscriber)
      : await this.list.blocking(product_id, subscriber);
    return living?.id;
  }

  async #command(
    id: string,
    { user, plan, reason, granted_by }: WantedGrant,
    endAfter: Grant['endAfter'],
    { isNew, options }: { readonly isNew: boolean; readonly options: Options },
  ): Promise<Grant> {
    const customer = isNew ? await this.#customer(user, options) : undefined;
    const customer_id = customer ?? this.#customerOf(user.subscriber);
    return {
      type: 'Grant',
      now: this.clock.now().toISOString(),
      terms: {
        product_id: plan.product_id,
        plan_id: plan.id,
        price_id: null,
        quantity: 1,
        subscriber: user.subscriber,
        customer_id,
        license_id: licenseOfSubscription(id),
        biller: 'keyledger',
        provider: 'grant',
        provider_id: null,
        po_number: null,
        metadata: {},
      },
      sole: true,
      endAfter,
      reason,
      granted_by,
      recipient_sealed: customer === undefined ? null : await this.terms.recipient(customer_id, id),
    };
  }

  /** The customer with the address of the user, or else the one that has the user as its `external_id`; undefined = none. */
  async #customer({ email, subscriber }: GrantedUser, { metadata }: Options): Promise<string | undefined> {
    if (email !== undefined) return (await this.customers.forEmail(email, {}, metadata)).customer_id;
    return this.customers.idOfExternal(subscriber);
  }

  /**
   * The id of the customer of a user without an address. No customer has it, because customers have addresses; a grant is not
   * invoiced, so it needs none. The same user always has the same id.
   */
  #customerOf(subscriber: string): string {
    return customerId(Buffer.from(this.masterKey.hash('granted-user', subscriber), 'base64url'));
  }
}

/** Another call has given the subscription, or it has ended, since it was looked for. */
const wasOvertaken = (error: unknown): boolean =>
  (error instanceof UniqueViolationError && error.constraint === ONE_LIVE) ||
  (error instanceof Refusal &&
    error.code === 'INVALID_TRANSITION' &&
    ['canceled', 'expired'].includes(String(error.extensions['status'])));

const planMissing = (): Problem =>
  new Problem(400, 'VALIDATION_FAILED', 'Send plan or plan_id, and not both.', {
    errors: [{ pointer: '/plan', detail: 'give this or plan_id' }],
  });
