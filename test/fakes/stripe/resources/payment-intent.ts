import { declined, invalid, missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { Metadata, PaymentIntent } from '../objects.ts';
import { mergedMetadata } from '../params.ts';
import type { Routes } from '../route.ts';
import { checkAmount } from '../units.ts';
import { nulls, type World } from '../world.ts';
import { attempt, type Outcome } from './card.ts';
import { createCharge } from './charge.ts';
import { attach, paymentMethodOf } from './payment-method.ts';

export const paymentIntentOf = (world: World, id: string): PaymentIntent => {
  const intent = world.paymentIntents.get(id);
  if (intent === undefined) throw missing('payment_intent', id);
  return intent;
};

export interface NewPayment {
  readonly amount: number;
  readonly currency: string;
  readonly customer: string | null;
  readonly metadata?: Metadata;
  readonly keep?: boolean;
  readonly description?: string | null;
}

export const createPaymentIntent = (world: World, given: NewPayment): PaymentIntent => {
  const made = world.made('payment_intent', 'pi');
  const intent: PaymentIntent = {
    ...nulls('application application_fee_amount customer_account on_behalf_of payment_method_configuration_details'),
    ...nulls('processing receipt_email review shipping statement_descriptor statement_descriptor_suffix transfer_data'),
    ...nulls('transfer_group payment_method_options excluded_payment_method_types automatic_payment_methods'),
    ...{ amount_capturable: 0, capture_method: 'automatic', confirmation_method: 'automatic' },
    ...{ payment_method_types: ['card'], description: given.description ?? null },
    ...made,
    amount: given.amount,
    amount_received: 0,
    canceled_at: null,
    cancellation_reason: null,
    client_secret: `${made.id}_secret_${made.id.slice(-6)}`,
    currency: given.currency,
    customer: given.customer,
    last_payment_error: null,
    latest_charge: null,
    metadata: given.metadata ?? {},
    next_action: null,
    payment_method: null,
    setup_future_usage: given.keep ? 'off_session' : null,
    status: 'requires_payment_method',
  };
  world.paymentIntents.add(intent);
  world.emit('payment_intent.created', intent);
  return intent;
};

/** The money has arrived: at once, or days later for a bank debit. */
export const succeed = (world: World, intent: PaymentIntent): void => {
  const charge = createCharge(world, intent, null);
  intent.status = 'succeeded';
  intent.amount_received = intent.amount;
  intent.latest_charge = charge.id;
  intent.next_action = null;
  intent.last_payment_error = null;
  world.emit('payment_intent.succeeded', intent);
  world.emit('charge.succeeded', charge);
  world.reactions.paymentSucceeded(intent);
};

export const fail = (world: World, intent: PaymentIntent, why: Extract<Outcome, { kind: 'declined' }>): void => {
  const charge = createCharge(world, intent, why);
  const { code, decline_code, message } = why;
  intent.status = 'requires_payment_method';
  intent.latest_charge = charge.id;
  intent.next_action = null;
  intent.last_payment_error = { type: 'card_error', code, decline_code, message, charge: charge.id };
  intent.payment_method = null;
  world.emit('payment_intent.payment_failed', intent);
  world.emit('charge.failed', charge);
  world.reactions.paymentFailed(intent);
};

/** Confirms with a payment method. It never throws for a declined card: the intent's status says what became of it. */
export const confirmPayment = (
  world: World,
  intent: PaymentIntent,
  method: string,
  how: { readonly off_session: boolean; readonly authenticated?: boolean },
): Outcome => {
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status))
    throw invalid(`This PaymentIntent's status is ${intent.status}, so it cannot be confirmed.`, {
      code: 'payment_intent_unexpected_state',
    });
  const { id } = paymentMethodOf(world, method, 'payment_method');
  if (intent.customer !== null && intent.setup_future_usage !== null) attach(world, id, intent.customer);
  intent.payment_method = id;
  const outcome = attempt(world, id, how);
  if (outcome.kind === 'succeeded') succeed(world, intent);
  else if (outcome.kind === 'declined') fail(world, intent, outcome);
  else if (outcome.kind === 'processing') {
    intent.status = 'processing';
    world.emit('payment_intent.processing', intent);
  } else {
    intent.status = 'requires_action';
    intent.next_action = { type: 'use_stripe_sdk', use_stripe_sdk: {} };
    world.emit('payment_intent.requires_action', intent);
    world.reactions.paymentFailed(intent);
  }
  return outcome;
};

export const cancelPayment = (world: World, intent: PaymentIntent, reason: string | null): void => {
  if (intent.status === 'succeeded' || intent.status === 'canceled') return;
  intent.status = 'canceled';
  intent.canceled_at = world.now();
  intent.cancellation_reason = reason;
  world.emit('payment_intent.canceled', intent);
};

const confirmedOrRefused = (
  world: World,
  intent: PaymentIntent,
  method: string,
  off_session: boolean,
): PaymentIntent => {
  const outcome = confirmPayment(world, intent, method, { off_session });
  if (outcome.kind === 'declined')
    throw declined(outcome.code, outcome.decline_code, outcome.message, structuredClone(intent));
  return intent;
};

export const paymentIntents: Routes = {
  'POST /v1/payment_intents': ({ world, params }) => {
    const amount = params.needInteger('amount');
    const currency = params.needText('currency').toLowerCase();
    checkAmount(amount, currency, 'amount');
    params.ignore(
      'automatic_payment_methods',
      'allowed_payment_method_types',
      'excluded_payment_method_types',
      'return_url',
    );
    const customer = params.text('customer') ?? null;
    const keep = params.choice('setup_future_usage', ['off_session', 'on_session']) !== undefined;
    const metadata = mergedMetadata({}, params);
    const description = params.text('description');
    const intent = createPaymentIntent(world, { amount, currency, customer, keep, metadata, description });
    const method = params.text('payment_method');
    const off_session = params.flag('off_session') ?? false;
    if (params.flag('confirm')) return confirmedOrRefused(world, intent, method ?? '', off_session);
    if (method !== undefined) {
      intent.payment_method = paymentMethodOf(world, method, 'payment_method').id;
      intent.status = 'requires_confirmation';
    }
    return intent;
  },
  'GET /v1/payment_intents': ({ world, params }) => {
    const customer = params.text('customer');
    return page(
      '/v1/payment_intents',
      world.paymentIntents,
      params,
      (one) => customer === undefined || one.customer === customer,
    );
  },
  'GET /v1/payment_intents/:id': ({ world, path }) => paymentIntentOf(world, path('id')),
  'POST /v1/payment_intents/:id': ({ world, params, path }) => {
    const intent = paymentIntentOf(world, path('id'));
    intent.metadata = mergedMetadata(intent.metadata, params);
    return intent;
  },
  'POST /v1/payment_intents/:id/confirm': ({ world, params, path }) => {
    params.ignore('return_url');
    const intent = paymentIntentOf(world, path('id'));
    const method = params.text('payment_method') ?? intent.payment_method ?? '';
    return confirmedOrRefused(world, intent, method, params.flag('off_session') ?? false);
  },
  'POST /v1/payment_intents/:id/cancel': ({ world, params, path }) => {
    const intent = paymentIntentOf(world, path('id'));
    if (intent.status === 'succeeded' || intent.status === 'canceled')
      throw invalid(`You cannot cancel this PaymentIntent because it has a status of ${intent.status}.`, {
        code: 'payment_intent_unexpected_state',
      });
    cancelPayment(world, intent, params.text('cancellation_reason') ?? null);
    return intent;
  },
};
