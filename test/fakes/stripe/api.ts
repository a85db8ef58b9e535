import { StripeRefusal } from './errors.ts';
import { show } from './expand.ts';
import { Params, type Raw } from './params.ts';
import { accounts } from './resources/account.ts';
import { balances } from './resources/balance.ts';
import { charges } from './resources/charge.ts';
import { checkoutSessions } from './resources/checkout-session.ts';
import { coupons } from './resources/coupon.ts';
import { creditNotes } from './resources/credit-note.ts';
import { customerDeletion } from './resources/customer-deletion.ts';
import { customers } from './resources/customer.ts';
import { disputes } from './resources/dispute.ts';
import { eventDestinations } from './resources/event-destination.ts';
import { events } from './resources/event.ts';
import { invoices } from './resources/invoices.ts';
import { meterEvents } from './resources/meter-event.ts';
import { meters } from './resources/meter.ts';
import { paymentIntents } from './resources/payment-intent.ts';
import { paymentMethods } from './resources/payment-method.ts';
import { portals } from './resources/portal.ts';
import { previews } from './resources/preview.ts';
import { prices } from './resources/price.ts';
import { products } from './resources/product.ts';
import { promotionCodes } from './resources/promotion-code.ts';
import { refunds } from './resources/refund.ts';
import { setupIntents } from './resources/setup-intent.ts';
import { subscriptionSchedules } from './resources/subscription-schedule.ts';
import { subscriptions } from './resources/subscriptions.ts';
import { taxIds } from './resources/tax-id.ts';
import { taxRates } from './resources/tax.ts';
import { webhookEndpoints } from './resources/webhook-endpoint.ts';
import { type Match, Router } from './route.ts';
import type { World } from './world.ts';

/** Every route that the fake plays. */
export const router = new Router([
  ...[accounts, balances, charges, checkoutSessions, coupons, creditNotes, customerDeletion, customers, disputes],
  ...[eventDestinations, events, invoices, meterEvents, meters, paymentIntents, paymentMethods, portals, previews],
  ...[
    prices,
    products,
    promotionCodes,
    refunds,
    setupIntents,
    subscriptions,
    subscriptionSchedules,
    taxIds,
    taxRates,
    webhookEndpoints,
  ],
]);

/** Thrown for a parameter that no code of the fake has read: the test must see it. */
export class NotPlayed extends StripeRefusal {
  constructor(names: readonly string[]) {
    super(400, {
      type: 'invalid_request_error',
      code: 'parameter_unknown',
      message: `The fake does not play: ${names.join(', ')}`,
      param: names[0],
    });
  }
}

/** Does what a request asks for, without HTTP. */
export const perform = (world: World, match: Match, raw: { readonly [name: string]: Raw }): object => {
  const params = new Params(raw);
  const expand = params.texts('expand') ?? [];
  const answer = match.handler({
    world,
    params,
    path: (name) => {
      const value = match.path.get(name);
      if (value === undefined) throw new Error(`${match.route} has no :${name}`);
      return value;
    },
  });
  const unread = params.unread();
  if (unread.length > 0) throw new NotPlayed(unread);
  return show(world, answer, expand);
};
