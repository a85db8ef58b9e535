import { declined, invalid, missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { Metadata, SetupIntent } from '../objects.ts';
import { mergedMetadata } from '../params.ts';
import type { Routes } from '../route.ts';
import { nulls, type World } from '../world.ts';
import { attempt } from './card.ts';
import { attach, paymentMethodOf } from './payment-method.ts';

export const setupIntentOf = (world: World, id: string): SetupIntent => {
  const intent = world.setupIntents.get(id);
  if (intent === undefined) throw missing('setupintent', id);
  return intent;
};

export const createSetupIntent = (world: World, customer: string | null, metadata: Metadata = {}): SetupIntent => {
  const made = world.made('setup_intent', 'seti');
  const intent: SetupIntent = {
    ...nulls('application cancellation_reason customer_account description flow_directions latest_attempt mandate'),
    ...nulls('on_behalf_of payment_method_configuration_details payment_method_options single_use_mandate'),
    ...nulls('excluded_payment_method_types automatic_payment_methods'),
    ...{ payment_method_types: ['card'] },
    ...made,
    client_secret: `${made.id}_secret_${made.id.slice(-6)}`,
    customer,
    metadata,
    payment_method: null,
    last_setup_error: null,
    next_action: null,
    status: 'requires_payment_method',
    usage: 'off_session',
  };
  world.setupIntents.add(intent);
  world.emit('setup_intent.created', intent);
  return intent;
};

/** Confirms with a payment method; @returns whether it succeeded. */
export const confirmSetup = (world: World, intent: SetupIntent, method: string, authenticated = false): boolean => {
  const { id } = paymentMethodOf(world, method, 'payment_method');
  const outcome = attempt(world, id, { off_session: false, authenticated });
  if (outcome.kind === 'declined') {
    intent.status = 'requires_payment_method';
    intent.last_setup_error = {
      type: 'card_error',
      code: outcome.code,
      decline_code: outcome.decline_code,
      message: outcome.message,
    };
    world.emit('setup_intent.setup_failed', intent);
    throw declined(outcome.code, outcome.decline_code, outcome.message);
  }
  intent.payment_method = id;
  if (outcome.kind === 'action') {
    intent.status = 'requires_action';
    intent.next_action = { type: 'use_stripe_sdk', use_stripe_sdk: {} };
    world.emit('setup_intent.requires_action', intent);
    return false;
  }
  if (intent.customer !== null) attach(world, id, intent.customer);
  intent.status = 'succeeded';
  intent.next_action = null;
  world.emit('setup_intent.succeeded', intent);
  return true;
};

export const setupIntents: Routes = {
  'POST /v1/setup_intents': ({ world, params }) => {
    params.ignore(
      'automatic_payment_methods',
      'usage',
      'allowed_payment_method_types',
      'excluded_payment_method_types',
      'return_url',
    );
    const intent = createSetupIntent(world, params.text('customer') ?? null, mergedMetadata({}, params));
    const method = params.text('payment_method');
    if (method !== undefined && params.flag('confirm')) confirmSetup(world, intent, method);
    return intent;
  },
  'GET /v1/setup_intents': ({ world, params }) => {
    const customer = params.text('customer');
    return page(
      '/v1/setup_intents',
      world.setupIntents,
      params,
      (one) => customer === undefined || one.customer === customer,
    );
  },
  'GET /v1/setup_intents/:id': ({ world, path }) => setupIntentOf(world, path('id')),
  'POST /v1/setup_intents/:id/confirm': ({ world, params, path }) => {
    params.ignore('return_url');
    const intent = setupIntentOf(world, path('id'));
    confirmSetup(world, intent, params.text('payment_method') ?? intent.payment_method ?? '');
    return intent;
  },
  'POST /v1/setup_intents/:id/cancel': ({ world, path }) => {
    const intent = setupIntentOf(world, path('id'));
    if (intent.status === 'succeeded')
      throw invalid('You cannot cancel this SetupIntent because it has a status of succeeded.');
    intent.status = 'canceled';
    world.emit('setup_intent.canceled', intent);
    return intent;
  },
};
