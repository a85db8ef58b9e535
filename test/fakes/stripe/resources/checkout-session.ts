import { invalid, missing } from '../errors.ts';
import { page, pageOf } from '../lists.ts';
import type { CheckoutSession, Price } from '../objects.ts';
import { mergedMetadata, type Params } from '../params.ts';
import type { Routes } from '../route.ts';
import { nulls, type World } from '../world.ts';
import { customerOf } from './customer.ts';
import { amountOf } from './price-amount.ts';
import { priceOf } from './price.ts';

export interface Ordered {
  readonly id: string;
  readonly price: Price;
  quantity: number;
  readonly adjustable: { readonly minimum: number; readonly maximum: number } | null;
}

/** What a session will do when its page is completed. */
export interface Order {
  readonly items: Ordered[];
  readonly discounts: readonly { coupon?: string; promotion_code?: string }[];
  /** `subscription_data`, as it was sent. */
  readonly subscription: Params | undefined;
  readonly payment: { metadata: Record<string, string>; keep: boolean };
  readonly invoice: boolean;
  readonly automatic_tax: boolean;
  readonly tax_ids: boolean;
  readonly creates_customer: boolean;
}

const ORDERS = new WeakMap<CheckoutSession, Order>();
export const orderOf = (session: CheckoutSession): Order => {
  const order = ORDERS.get(session);
  if (order === undefined) throw new Error(`no order of ${session.id}`);
  return order;
};

export const sessionOf = (world: World, id: string): CheckoutSession => {
  const session = world.sessions.get(id);
  if (session === undefined) throw missing('checkout.session', id);
  return session;
};

const orderedItem = (world: World, mode: string, entry: Params): Ordered => {
  const price = priceOf(world, entry.needText('price'), entry.at('price'));
  if (!price.active)
    throw invalid('The price specified is inactive. This field only accepts active prices.', {
      param: entry.at('price'),
    });
  if (mode === 'payment' && price.recurring !== null)
    throw invalid(
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
      { param: 'mode' },
    );
  const adjustable = entry.hash('adjustable_quantity');
  const metered = price.recurring?.usage_type === 'metered';
  if (metered && entry.has('quantity'))
    throw invalid('Quantity should not be specified where usage_type is `metered`.', { param: entry.at('quantity') });
  return {
    id: world.id('li'),
    price,
    quantity: metered ? 0 : entry.needInteger('quantity'),
    adjustable: adjustable?.flag('enabled')
      ? { minimum: adjustable.integer('minimum') ?? 0, maximum: adjustable.integer('maximum') ?? 99 }
      : null,
  };
};

/** The line items, shown when they are asked for. */
export const lineItems = (world: World, session: CheckoutSession): object[] =>
  orderOf(session).items.map(({ id, price, quantity, adjustable }) => {
    const amount = amountOf(world, price, quantity);
    return {
      id,
      object: 'item',
      adjustable_quantity: adjustable === null ? null : { enabled: true, ...adjustable },
      amount_discount: 0,
      amount_subtotal: amount,
      amount_tax: 0,
      amount_total: amount,
      currency: price.currency,
      description: world.products.get(price.product)?.name ?? null,
      metadata: {},
      price,
      quantity,
    };
  });

const createSession = (world: World, params: Params): CheckoutSession => {
  const mode = params.needChoice('mode', ['payment', 'subscription', 'setup']);
  const made = world.made('checkout.session', world.settings.livemode ? 'cs_live' : 'cs_test');
  const items = (params.list('line_items') ?? []).map((entry) => orderedItem(world, mode, entry));
  if (mode !== 'setup' && items.length === 0)
    throw invalid('`line_items` is required.', { code: 'parameter_missing', param: 'line_items' });
  if (mode === 'subscription' && items.every(({ price }) => price.recurring === null))
    throw invalid('Sessions in `subscription` mode need a recurring price.', { param: 'line_items' });
  const expires_at = params.integer('expires_at') ?? made.created + 86_400;
  if (expires_at < made.created + 1800 || expires_at > made.created + 86_400)
    throw invalid('The `expires_at` timestamp must be 30 minutes to 24 hours from session creation.', {
      param: 'expires_at',
    });
  const customer = params.text('customer') ?? null;
  if (customer !== null) customerOf(world, customer, 'customer');
  const customer_email = params.text('customer_email') ?? null;
  if (customer !== null && customer_email !== null)
    throw invalid('You may only specify one of these parameters: customer, customer_email.', {
      param: 'customer_email',
    });
  const discounts = (params.list('discounts') ?? []).map((entry) => ({
    coupon: entry.text('coupon'),
    promotion_code: entry.text('promotion_code'),
  }));
  const allow = params.flag('allow_promotion_codes') ?? null;
  if (allow && discounts.length > 0)
    throw invalid('You may only specify one of these parameters: allow_promotion_codes, discounts.', {
      param: 'discounts',
    });
  const creation = params.choice('customer_creation', ['always', 'if_required']);
  const payment = params.hash('payment_intent_data');
  const tax = params.hash('automatic_tax')?.flag('enabled') ?? false;
  const collection =
    params.choice('payment_method_collection', ['always', 'if_required']) ??
    (mode === 'subscription' ? 'always' : null);
  const tax_ids = params.hash('tax_id_collection')?.flag('enabled') ?? false;
  const uiMode = params.choice('ui_mode', ['hosted_page', 'embedded_page', 'elements']) ?? 'hosted_page';
  params.hash('customer_update')?.ignore('address', 'name', 'shipping');
  params.hash('invoice_creation')?.ignore('invoice_data');
  params.hash('phone_number_collection')?.ignore('enabled');
  params.ignore('locale', 'billing_address_collection', 'submit_type', 'currency', 'allowed_payment_method_types');
  params.ignore('excluded_payment_method_types', 'custom_text', 'saved_payment_method_options');
  const currency = items[0]?.price.currency ?? params.text('currency') ?? null;
  const total =
    mode === 'setup' ? null : items.reduce((sum, { price, quantity }) => sum + amountOf(world, price, quantity), 0);
  const session: CheckoutSession = {
    ...nulls('adaptive_pricing after_expiration client_secret collected_information consent consent_collection'),
    ...nulls('currency_conversion customer_account integration_identifier invoice_creation managed_payments'),
    ...nulls('optional_items origin_context payment_link payment_method_configuration_details payment_method_options'),
    ...nulls('permissions recovered_from saved_payment_method_options shipping_address_collection shipping_cost'),
    ...nulls('submit_type wallet_options locale discounts'),
    ...{
      automatic_tax: {
        enabled: tax,
        liability: tax ? { type: 'self' } : null,
        provider: null,
        status: tax ? 'complete' : null,
      },
      billing_address_collection: null,
      cancel_url: params.text('cancel_url') ?? null,
      custom_fields: [],
      custom_text: nulls('after_submit shipping_address submit terms_of_service_acceptance'),
      customer_creation: mode === 'payment' ? (creation ?? 'if_required') : null,
      payment_method_types: ['card'],
      phone_number_collection: { enabled: false },
      shipping_options: [],
      tax_id_collection: { enabled: tax_ids, required: 'never' },
      total_details: mode === 'setup' ? null : { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
      ui_mode: uiMode,
      excluded_payment_method_types: [],
    },
    ...made,
    allow_promotion_codes: allow,
    amount_subtotal: total,
    amount_total: total,
    client_reference_id: params.text('client_reference_id') ?? null,
    currency,
    customer,
    customer_details: null,
    customer_email,
    expires_at,
    invoice: null,
    metadata: mergedMetadata({}, params),
    mode,
    payment_intent: null,
    payment_method_collection: collection,
    payment_status: mode === 'setup' ? 'no_payment_required' : 'unpaid',
    setup_intent: null,
    status: 'open',
    subscription: null,
    success_url: params.text('success_url') ?? null,
    url: `https://checkout.stripe.com/c/pay/${made.id}`,
  };
  const subscription = params.hash('subscription_data');
  if (subscription !== undefined && mode !== 'subscription')
    throw invalid('You can not pass `subscription_data` in this mode.', { param: 'subscription_data' });
  ORDERS.set(session, {
    items,
    discounts,
    subscription,
    payment: { metadata: payment?.map('metadata') ?? {}, keep: payment?.text('setup_future_usage') !== undefined },
    invoice: params.hash('invoice_creation')?.flag('enabled') ?? false,
    automatic_tax: tax,
    tax_ids,
    creates_customer: creation === 'always',
  });
  // Read when the page is completed; what the fake plays of it is accepted here.
  subscription?.ignore(
    'metadata',
    'trial_period_days',
    'trial_end',
    'trial_settings',
    'description',
    'default_tax_rates',
  );
  subscription?.ignore('billing_mode', 'proration_behavior', 'invoice_settings');
  params.hash('setup_intent_data')?.ignore('metadata');
  world.sessions.add(session);
  world.timers.set(`expire ${session.id}`, expires_at, () => expireSession(world, session));
  return session;
};

export const expireSession = (world: World, session: CheckoutSession): void => {
  if (session.status !== 'open') return;
  world.timers.cancel(`expire ${session.id}`);
  session.status = 'expired';
  session.url = null;
  world.emit('checkout.session.expired', session);
};

export const checkoutSessions: Routes = {
  'POST /v1/checkout/sessions': ({ world, params }) => createSession(world, params),
  'GET /v1/checkout/sessions': ({ world, params }) => {
    const customer = params.text('customer');
    const intent = params.text('payment_intent');
    const subscription = params.text('subscription');
    const status = params.text('status');
    return page('/v1/checkout/sessions', world.sessions, params, (session) => {
      if (customer !== undefined && session.customer !== customer) return false;
      if (intent !== undefined && session.payment_intent !== intent) return false;
      if (subscription !== undefined && session.subscription !== subscription) return false;
      return status === undefined || session.status === status;
    });
  },
  'GET /v1/checkout/sessions/:id': ({ world, path }) => sessionOf(world, path('id')),
  'GET /v1/checkout/sessions/:id/line_items': ({ world, params, path }) => {
    const session = sessionOf(world, path('id'));
    const items = lineItems(world, session) as { id: string; object: string }[];
    return pageOf(`/v1/checkout/sessions/${session.id}/line_items`, items, params);
  },
  'POST /v1/checkout/sessions/:id': ({ world, params, path }) => {
    const session = sessionOf(world, path('id'));
    session.metadata = mergedMetadata(session.metadata, params);
    return session;
  },
  'POST /v1/checkout/sessions/:id/expire': ({ world, path }) => {
    const session = sessionOf(world, path('id'));
    if (session.status !== 'open')
      throw invalid(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status}\`.`,
      );
    expireSession(world, session);
    return session;
  },
};
