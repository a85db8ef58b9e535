import type { Address, CheckoutSession, Customer, PaymentMethod } from '../objects.ts';
import { Params, type Raw } from '../params.ts';
import type { World } from '../world.ts';
import { type CardBehavior, newCard } from './card.ts';
import { type Order, orderOf } from './checkout-session.ts';
import { addCustomer, customerOf } from './customer.ts';
import { createDiscount } from './discount.ts';
import { createInvoice, finalizeInvoice, invoiceOf, paymentOf } from './invoice.ts';
import { totalsOf } from './invoice-totals.ts';
import { newLine } from './invoice-line.ts';
import { attach } from './payment-method.ts';
import { confirmPayment, createPaymentIntent } from './payment-intent.ts';
import { amountOf } from './price-amount.ts';
import { redeemable } from './promotion-code.ts';
import { confirmSetup, createSetupIntent } from './setup-intent.ts';
import { createSubscription } from './subscription-creation.ts';
import { addTaxId } from './tax-id.ts';

/** What a customer enters on the hosted page. */
export interface PageInput {
  /** A behavior, or the id of a payment method; left out = the page asks for none (a trial or a total of zero). */
  readonly card?: CardBehavior | (string & {});
  readonly fingerprint?: string;
  readonly email?: string;
  readonly name?: string;
  readonly address?: Partial<Address>;
  readonly tax_id?: { readonly type: string; readonly value: string };
  /** Of the first adjustable item. */
  readonly quantity?: number;
  /** The code as it is typed. */
  readonly promotion_code?: string;
  /** Whether 3-D Secure succeeds, where the card wants it (true). */
  readonly authenticates?: boolean;
}

export interface PageResult {
  readonly session: CheckoutSession;
  /** Why the page could not be completed; it stays open, and the customer may try another card. */
  readonly error: string | null;
}

const cardOf = (world: World, input: PageInput): PaymentMethod | undefined => {
  if (input.card === undefined) return undefined;
  return world.paymentMethods.get(input.card) ?? newCard(world, input.card as CardBehavior, input.fingerprint);
};

const customerFor = (world: World, session: CheckoutSession, order: Order, input: PageInput): Customer | undefined => {
  const address = input.address && {
    ...{ city: null, country: null, line1: null, line2: null, postal_code: null, state: null },
    ...input.address,
  };
  if (session.customer !== null) {
    const customer = customerOf(world, session.customer);
    if (address !== undefined || input.name !== undefined)
      world.change(customer, 'customer.updated', () => {
        customer.address = address ?? customer.address;
        customer.name = input.name ?? customer.name;
      });
    return customer;
  }
  if (session.mode === 'payment' && !order.creates_customer && !order.payment.keep && !order.invoice) return undefined;
  const { email = session.customer_email, name } = input;
  return addCustomer(world, { email, name, address });
};

const enterPage = (session: CheckoutSession, order: Order, input: PageInput): void => {
  if (input.quantity !== undefined) {
    const item = order.items.find(({ adjustable }) => adjustable !== null);
    if (item?.adjustable == null) throw new Error('this session has no adjustable quantity');
    if (input.quantity < item.adjustable.minimum || input.quantity > item.adjustable.maximum)
      throw new Error(`quantity must be ${item.adjustable.minimum} to ${item.adjustable.maximum}`);
    item.quantity = input.quantity;
  }
  if (input.promotion_code !== undefined && !session.allow_promotion_codes)
    throw new Error('this session allows no promotion codes');
  if (input.tax_id !== undefined && !order.tax_ids) throw new Error('this session collects no tax ids');
};

const discountsOf = (
  world: World,
  session: CheckoutSession,
  order: Order,
  input: PageInput,
  customer: string | null,
): string[] => {
  const typed = input.promotion_code === undefined ? undefined : redeemable(world, input.promotion_code, customer);
  if (input.promotion_code !== undefined && typed === undefined)
    throw new Error(`the promotion code ${input.promotion_code} is invalid`);
  const given = order.discounts.map(({ coupon, promotion_code }) => {
    const code = promotion_code === undefined ? undefined : world.promotionCodes.get(promotion_code);
    return { coupon: coupon ?? code?.promotion.coupon ?? '', promotion_code: code?.id };
  });
  const all = typed === undefined ? given : [{ coupon: typed.promotion.coupon, promotion_code: typed.id }];
  Object.assign(session, {
    discounts: all.map(({ coupon, promotion_code }) => ({ coupon, promotion_code: promotion_code ?? null })),
  });
  return all.map(({ coupon, promotion_code }) => createDiscount(world, coupon, { customer, promotion_code }).id);
};

/** The customer completes the hosted page. A declined card leaves it open, and nothing is created for it but the attempt. */
export const completePage = (world: World, session: CheckoutSession, input: PageInput): PageResult => {
  if (session.status !== 'open') throw new Error(`${session.id} is ${session.status}`);
  const order = orderOf(session);
  enterPage(session, order, input);
  const card = cardOf(world, input);
  if (card === undefined && session.payment_method_collection === 'always')
    throw new Error('this page asks for a card');
  const check = trial(world, session, order, card, input);
  if (check !== null) return { session, error: check };
  const customer = customerFor(world, session, order, input);
  if (customer !== undefined && input.tax_id !== undefined)
    addTaxId(world, customer.id, input.tax_id.type, input.tax_id.value);
  session.customer = customer?.id ?? null;
  session.customer_details = {
    address: customer?.address ?? null,
    business_name: null,
    email: input.email ?? customer?.email ?? session.customer_email,
    individual_name: null,
    name: input.name ?? customer?.name ?? null,
    phone: null,
    tax_exempt: 'none',
    tax_ids: input.tax_id === undefined ? [] : [input.tax_id],
  };
  const discounts = discountsOf(world, session, order, input, session.customer);
  if (session.mode === 'subscription' && customer !== undefined)
    subscribe(world, session, order, customer, card, discounts);
  else if (session.mode === 'payment') pay(world, session, order, customer, card, discounts);
  else if (card !== undefined) {
    const intent = createSetupIntent(world, session.customer);
    confirmSetup(world, intent, card.id, true);
    session.setup_intent = intent.id;
  }
  session.status = 'complete';
  session.url = null;
  world.timers.cancel(`expire ${session.id}`);
  world.emit('checkout.session.completed', session);
  return { session, error: null };
};

/** Tries the card before anything is created: the error that the page would show, or null. */
const trial = (
  world: World,
  session: CheckoutSession,
  order: Order,
  card: PaymentMethod | undefined,
  input: PageInput,
): string | null => {
  if (card === undefined) return null;
  const behavior = world.cards.get(card.id) ?? '';
  const attempts = world.attempts.get(card.id) ?? 0;
  const declines = behavior === 'declines' || (behavior === 'declines_first' && attempts === 0);
  const refuses = behavior.startsWith('authenticates') && input.authenticates === false;
  if (!declines && !refuses) return null;
  world.attempts.set(card.id, attempts + 1);
  if (session.mode === 'payment') {
    const amount = order.items.reduce((sum, { price, quantity }) => sum + amountOf(world, price, quantity), 0);
    const intent =
      world.paymentIntents.get(session.payment_intent ?? '') ??
      createPaymentIntent(world, {
        amount,
        currency: session.currency ?? '',
        customer: session.customer,
        metadata: order.payment.metadata,
      });
    world.emit('payment_intent.payment_failed', intent);
    session.payment_intent = intent.id;
  }
  return declines ? 'Your card was declined.' : 'We are unable to authenticate your payment method.';
};

const setTotals = (session: CheckoutSession, subtotal: number, total: number, discount: number, tax: number): void => {
  session.amount_subtotal = subtotal;
  session.amount_total = total;
  Object.assign(session, { total_details: { amount_discount: discount, amount_shipping: 0, amount_tax: tax } });
};

const subscribe = (
  world: World,
  session: CheckoutSession,
  order: Order,
  customer: Customer,
  card: PaymentMethod | undefined,
  discounts: readonly string[],
): void => {
  if (card !== undefined) attach(world, card.id, customer.id);
  const recurring = order.items.filter(({ price }) => price.recurring !== null);
  const once = order.items.filter(({ price }) => price.recurring === null);
  const raw: Record<string, Raw> = {
    ...subscriptionData(order),
    items: recurring.map(({ price, quantity }): Raw =>
      price.recurring?.usage_type === 'metered' ? { price: price.id } : { price: price.id, quantity },
    ),
    add_invoice_items: once.map(({ price, quantity }) => ({ price: price.id, quantity })),
    ...(card !== undefined && { default_payment_method: card.id }),
    ...(order.automatic_tax && { automatic_tax: { enabled: true } }),
  };
  const subscription = createSubscription(world, new Params(raw), customer.id, { behavior: 'checkout', discounts });
  session.subscription = subscription.id;
  session.invoice = subscription.latest_invoice;
  if (subscription.latest_invoice === null) {
    session.payment_status = 'no_payment_required';
    return;
  }
  const invoice = invoiceOf(world, subscription.latest_invoice);
  const intent = paymentOf(world, invoice);
  if (intent !== undefined && card !== undefined && invoice.status === 'open')
    confirmPayment(world, intent, card.id, { off_session: false, authenticated: true });
  session.payment_status =
    invoice.amount_due === 0 ? 'no_payment_required' : invoice.amount_paid > 0 ? 'paid' : 'unpaid';
  const off = invoice.total_discount_amounts.reduce((sum, { amount }) => sum + amount, 0);
  const tax = invoice.total_taxes.reduce((sum, { amount }) => sum + amount, 0);
  setTotals(session, invoice.subtotal, invoice.total, off, tax);
};

/** What `subscription_data` gives to the subscription. */
const subscriptionData = ({ subscription: data }: Order): Record<string, Raw> => {
  if (data === undefined) return {};
  const missing = data.hash('trial_settings')?.hash('end_behavior')?.text('missing_payment_method');
  const given: Record<string, Raw | undefined> = {
    metadata: data.map('metadata'),
    description: data.text('description'),
    trial_period_days: data.integer('trial_period_days'),
    trial_end: data.integer('trial_end'),
    default_tax_rates: data.texts('default_tax_rates'),
    ...(missing !== undefined && { trial_settings: { end_behavior: { missing_payment_method: missing } } }),
  };
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
};

const pay = (
  world: World,
  session: CheckoutSession,
  order: Order,
  customer: Customer | undefined,
  card: PaymentMethod | undefined,
  discounts: readonly string[],
): void => {
  const now = world.now();
  const lines = order.items.map(({ price, quantity }) =>
    newLine(world, {
      amount: amountOf(world, price, quantity),
      currency: price.currency,
      description: world.products.get(price.product)?.name ?? '',
      price,
      quantity,
      period: { start: now, end: now },
    }),
  );
  const payer = customer ?? { ...addressOnly(session), ...NOBODY };
  const tax = { automatic: order.automatic_tax, rates: [] };
  const totals = totalsOf(world, structuredClone(lines), payer, discounts, tax);
  const off = totals.total_discount_amounts.reduce((sum, { amount }) => sum + amount, 0);
  const taxes = totals.total_taxes.reduce((sum, { amount }) => sum + amount, 0);
  setTotals(session, totals.subtotal, totals.total, off, taxes);
  const currency = session.currency ?? '';
  if (order.invoice && customer !== undefined) {
    const invoice = createInvoice(world, {
      customer,
      lines,
      billing_reason: 'manual',
      currency,
      collection_method: 'charge_automatically',
      discounts,
      tax,
      metadata: session.metadata,
    });
    finalizeInvoice(world, invoice);
    const intent = paymentOf(world, invoice);
    session.invoice = invoice.id;
    session.payment_intent = intent?.id ?? null;
    if (intent !== undefined && card !== undefined)
      confirmPayment(world, intent, card.id, { off_session: false, authenticated: true });
    session.payment_status =
      invoice.amount_due === 0 ? 'no_payment_required' : invoice.amount_paid > 0 ? 'paid' : 'unpaid';
    return;
  }
  if (totals.total === 0 || card === undefined) {
    session.payment_status = 'no_payment_required';
    return;
  }
  const intent =
    world.paymentIntents.get(session.payment_intent ?? '') ??
    createPaymentIntent(world, {
      amount: totals.total,
      currency,
      customer: customer?.id ?? null,
      metadata: order.payment.metadata,
      keep: order.payment.keep,
    });
  intent.amount = totals.total;
  session.payment_intent = intent.id;
  confirmPayment(world, intent, card.id, { off_session: false, authenticated: true });
  session.payment_status = intent.amount_received > 0 ? 'paid' : 'unpaid';
};

/** A guest: a payment without a customer. */
const NOBODY = {
  id: '',
  object: 'customer',
  created: 0,
  livemode: false,
  balance: 0,
  currency: null,
  delinquent: false,
  description: null,
  email: null,
  invoice_prefix: '',
  invoice_settings: { default_payment_method: null },
  metadata: {},
  name: null,
  next_invoice_sequence: 1,
  phone: null,
  preferred_locales: [],
  tax_exempt: 'none' as const,
};

const addressOnly = (session: CheckoutSession): { address: Address | null } => {
  const details = session.customer_details as { address?: Address | null } | null;
  return { address: details?.address ?? null };
};
