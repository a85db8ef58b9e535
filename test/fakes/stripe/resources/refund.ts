import { invalid, missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { Charge, Metadata, Refund } from '../objects.ts';
import { mergedMetadata, type Params } from '../params.ts';
import type { Routes } from '../route.ts';
import { nulls, type World } from '../world.ts';
import { chargeOf } from './charge.ts';

export const refundOf = (world: World, id: string): Refund => {
  const refund = world.refunds.get(id);
  if (refund === undefined) throw missing('refund', id);
  return refund;
};

const setRefunded = (world: World, charge: Charge, amount: number, type: string): void =>
  world.change(charge, type, () => {
    charge.amount_refunded = amount;
    charge.refunded = amount === charge.amount;
  });

const settle = (world: World, refund: Refund): void => {
  if (refund.status !== 'pending') return;
  world.change(refund, 'refund.updated', () => {
    refund.status = 'succeeded';
  });
};

/** Gives money back. With `refund_seconds` of the settings it is pending for that long. */
export const createRefund = (
  world: World,
  charge: Charge,
  given: { readonly amount?: number; readonly reason?: string | null; readonly metadata?: Metadata },
): Refund => {
  if (charge.status !== 'succeeded') throw invalid(`Charge ${charge.id} has not succeeded.`, { param: 'charge' });
  if (charge.refunded)
    throw invalid(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' });
  if (charge.disputed && world.disputes.of(charge.id).some(({ is_charge_refundable }) => !is_charge_refundable))
    throw invalid(`Charge ${charge.id} has been charged back; cannot issue a refund.`, { code: 'charge_disputed' });
  const left = charge.amount - charge.amount_refunded;
  const amount = given.amount ?? left;
  if (amount <= 0) throw invalid('Invalid positive integer', { code: 'parameter_invalid_integer', param: 'amount' });
  if (amount > left)
    throw invalid(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, {
      param: 'amount',
    });
  const { refund_seconds } = world.settings;
  const refund: Refund = {
    ...nulls('balance_transaction receipt_number source_transfer_reversal transfer_reversal customer_account'),
    ...{ destination_details: { type: 'card', card: { type: 'refund' } }, customer: charge.customer },
    ...(refund_seconds > 0 && { pending_reason: 'processing' }),
    id: world.id('re'),
    object: 'refund',
    amount,
    charge: charge.id,
    created: world.now(),
    currency: charge.currency,
    metadata: given.metadata ?? {},
    payment_intent: charge.payment_intent,
    reason: given.reason ?? null,
    status: refund_seconds > 0 ? 'pending' : 'succeeded',
  };
  world.refunds.add(refund);
  world.emit('refund.created', refund);
  setRefunded(world, charge, charge.amount_refunded + amount, 'charge.refunded');
  if (refund_seconds > 0) world.timers.set(refund.id, world.now() + refund_seconds, () => settle(world, refund));
  return refund;
};

/** The bank sends a refund back, which may be days after it has succeeded: the money is Stripe's again. */
export const failRefund = (world: World, refund: Refund, reason: string): void => {
  if (refund.status === 'failed') throw new Error(`${refund.id} has failed already`);
  world.timers.cancel(refund.id);
  world.change(refund, 'refund.failed', () => {
    refund.status = 'failed';
    refund.failure_reason = reason;
  });
  world.emit('refund.updated', refund, { status: 'succeeded' });
  const charge = chargeOf(world, refund.charge);
  setRefunded(world, charge, charge.amount_refunded - refund.amount, 'charge.updated');
};

const chargeFrom = (world: World, params: Params): Charge => {
  const charge = params.text('charge');
  if (charge !== undefined) return chargeOf(world, charge, 'charge');
  const intent = params.needText('payment_intent');
  const paid = world.charges.of(intent).find(({ status }) => status === 'succeeded');
  if (world.paymentIntents.get(intent) === undefined) throw missing('payment_intent', intent, 'payment_intent');
  if (paid === undefined)
    throw invalid(`This PaymentIntent (${intent}) does not have a successful charge to refund.`, {
      param: 'payment_intent',
    });
  return paid;
};

export const refunds: Routes = {
  'POST /v1/refunds': ({ world, params }) =>
    createRefund(world, chargeFrom(world, params), {
      amount: params.integer('amount'),
      reason: params.choice('reason', ['duplicate', 'fraudulent', 'requested_by_customer']) ?? null,
      metadata: mergedMetadata({}, params),
    }),
  'GET /v1/refunds': ({ world, params }) => {
    const charge = params.text('charge');
    const intent = params.text('payment_intent');
    return page(
      '/v1/refunds',
      world.refunds,
      params,
      (refund) => {
        if (charge !== undefined && refund.charge !== charge) return false;
        return intent === undefined || refund.payment_intent === intent;
      },
      charge,
    );
  },
  'GET /v1/refunds/:id': ({ world, path }) => refundOf(world, path('id')),
  'POST /v1/refunds/:id': ({ world, params, path }) => {
    const refund = refundOf(world, path('id'));
    world.change(refund, 'refund.updated', () => {
      refund.metadata = mergedMetadata(refund.metadata, params);
    });
    return refund;
  },
};
