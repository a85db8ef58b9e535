import { invalid } from './errors.ts';
import type { CheckoutSession, Invoice } from './objects.ts';
import { lineItems } from './resources/checkout-session.ts';
import { paymentOf } from './resources/invoice.ts';
import type { World } from './world.ts';

type Hash = Record<string, unknown>;

const isHash = (value: unknown): value is Hash => typeof value === 'object' && value !== null && !Array.isArray(value);

const list = (url: string, data: readonly unknown[]): Hash => ({ object: 'list', data, has_more: false, url });

/** Lines of an invoice that it shows itself; the rest is at `/v1/invoices/:id/lines`. */
const SHOWN_LINES = 10;

/** Fields that an object has only when they are asked for. */
const INCLUDABLE: Readonly<Record<string, Readonly<Record<string, (world: World, of: Hash) => unknown>>>> = {
  invoice: {
    payments: (world, { id }) => list(`/v1/invoice_payments`, world.invoicePayments.of(String(id))),
    confirmation_secret: (world, { id }) => {
      const invoice = world.invoices.get(String(id));
      const intent = invoice?.status === 'open' ? paymentOf(world, invoice) : undefined;
      return intent === undefined ? null : { client_secret: intent.client_secret, type: 'payment_intent' };
    },
  },
  customer: {
    tax_ids: (world, { id }) => list(`/v1/customers/${String(id)}/tax_ids`, world.taxIds.of(String(id))),
    subscriptions: (world, { id }) =>
      list(
        `/v1/customers/${String(id)}/subscriptions`,
        world.subscriptions.of(String(id)).filter(({ status }) => status !== 'canceled'),
      ),
    invoice_credit_balance: (_world, { currency, balance }) =>
      typeof currency === 'string' ? { [currency]: balance } : {},
  },
  price: { tiers: (world, { id }) => world.tiers.get(String(id)) },
  coupon: { applies_to: (world, { id }) => ({ products: world.couponProducts.get(String(id)) ?? [] }) },
  charge: { refunds: (world, { id }) => list(`/v1/charges/${String(id)}/refunds`, world.refunds.of(String(id))) },
  'checkout.session': {
    line_items: (world, { id }) =>
      list(
        `/v1/checkout/sessions/${String(id)}/line_items`,
        lineItems(world, world.sessions.get(String(id)) as CheckoutSession),
      ),
  },
};

/** The object that an id stands for. */
const resolve = (world: World, id: string): object | undefined => {
  if (world.deletedCustomers.has(id)) return { id, object: 'customer', deleted: true };
  for (const collection of [
    ...[
      world.customers,
      world.invoices,
      world.paymentIntents,
      world.charges,
      world.paymentMethods,
      world.subscriptions,
    ],
    ...[world.setupIntents, world.products, world.prices, world.coupons, world.discounts, world.promotionCodes],
    ...[
      world.refunds,
      world.balanceTransactions,
      world.sessions,
      world.taxRates,
      world.disputes,
      world.meters,
      world.schedules,
    ],
  ]) {
    const found = collection.get(id);
    if (found !== undefined) return found;
  }
  return undefined;
};

const expanded = (world: World, value: unknown, path: readonly string[], whole: string): unknown => {
  if (Array.isArray(value)) return value.map((one) => expanded(world, one, path, whole));
  const [field, ...rest] = path;
  if (field === undefined || value === null || value === undefined) return value;
  if (!isHash(value)) throw invalid(`This property cannot be expanded (${whole}).`, { param: 'expand' });
  const include = INCLUDABLE[String(value['object'])]?.[field];
  const known = include !== undefined && value[field] === undefined ? include(world, value) : value[field];
  if (known === undefined) throw invalid(`This property cannot be expanded (${whole}).`, { param: 'expand' });
  const one = (item: unknown): unknown => {
    const object = typeof item === 'string' ? resolve(world, item) : item;
    return expanded(world, object ?? item, rest, whole);
  };
  return { ...value, [field]: Array.isArray(known) ? known.map(one) : one(known) };
};

const shortened = (value: unknown): unknown => {
  if (!isHash(value) || value['object'] !== 'invoice') return value;
  const { lines } = value as unknown as Partial<Invoice>;
  if (lines === undefined || lines.data.length <= SHOWN_LINES) return value;
  return { ...value, lines: { ...lines, data: lines.data.slice(0, SHOWN_LINES), has_more: true } };
};

/** An answer with what `expand` asks for; the stored objects stay as they are. */
export const show = (world: World, answer: object, paths: readonly string[]): object => {
  let shown: unknown = answer;
  for (const path of paths) {
    const names = path.split('.');
    if (names.length > 4 + (names[0] === 'data' ? 1 : 0))
      throw invalid('You cannot expand more than 4 levels of a property.', { param: 'expand' });
    shown = expanded(world, shown, names, path);
  }
  if (isHash(shown) && Array.isArray(shown['data'])) return { ...shown, data: shown['data'].map(shortened) };
  return shortened(shown) as object;
};
