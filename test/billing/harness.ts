import { eventually, type Reply, type TestApp } from '../support/app.ts';

export type Fields = Record<string, unknown>;

let count = 0;
/** A text that no other call of this process got. */
export const unique = (prefix = 'x'): string => `${prefix}-${process.pid.toString(36)}-${++count}`;

/** A seller in Germany with a rate of 19 %, as invoices need one. */
export const openBooks = async (app: TestApp, over: Fields = {}): Promise<void> => {
  const organization = await app.call('PUT', '/admin/organization', {
    legal_name: 'Acme Software GmbH',
    address: { line1: 'Hauptstraße 1', city: 'Berlin', postal_code: '10115', country: 'DE' },
    tax_ids: [{ type: 'eu_vat', value: 'DE136695976' }],
    email: 'billing@acme.example',
    phone: '+49 30 1234567',
    bank: { iban: 'DE89370400440532013000', bic: 'COBADEFFXXX', name: 'Acme Bank' },
    default_currency: 'eur',
    tax: { provider: 'rates' },
    ...over,
  });
  const rates = await app.call('PUT', '/admin/tax-rates', [
    { country: 'DE', rate: '19', name: 'MwSt.', valid_from: '2021-01-01T00:00:00.000Z' },
  ]);
  for (const { status, body } of [organization, rates])
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
};

export interface Sold {
  readonly product_id: string;
  readonly plan_id: string;
}

/** A product with a plan, which billing knows. */
export const sell = async (app: TestApp, plan: Fields = {}, product: Fields = {}): Promise<Sold> => {
  const slug = unique('plan');
  const { id: product_id } = await app.create('/admin/products', { name: slug, slug, type: 'hybrid', ...product });
  const { id: plan_id } = await app.create('/admin/plans', {
    product_id,
    name: 'Team',
    slug,
    license_type: 'subscription',
    license_model: 'standard',
    billing_interval: 'month',
    grace_days: 7,
    ...plan,
  });
  return { product_id: String(product_id), plan_id: String(plan_id) };
};

/** A price of a plan: 10.00 EUR a month, with the fields of `over` replaced. @returns its id */
export const price = async (app: TestApp, { plan_id }: Pick<Sold, 'plan_id'>, over: Fields = {}): Promise<string> => {
  const { id } = await app.create('/admin/prices', {
    plan_id,
    amount: 1_000,
    currency: 'eur',
    interval: 'month',
    ...over,
  });
  return String(id);
};

/** Subscribes somebody new by bank transfer, with the fields of `over` replaced. */
export const subscribe = (app: TestApp, over: Fields): Promise<Reply> => {
  const subscriber = unique('acme/user');
  return app.call('POST', '/subscriptions', {
    subscriber,
    email: `${subscriber.replace('/', '.')}@example.com`,
    provider: 'bank_transfer',
    ...over,
  });
};

/** Enters the payment of an invoice, as an operator sees it in the books of the bank. */
export const pay = (app: TestApp, invoice_id: unknown, over: Fields = {}): Promise<Reply> =>
  app.call('POST', `/admin/invoices/${String(invoice_id)}/mark-paid`, {
    method: 'bank_transfer',
    reference: unique('statement'),
    paid_at: new Date().toISOString(),
    ...over,
  });

/** Waits until the subscription is as wanted: billing follows its own events. */
export const until = (app: TestApp, id: unknown, wanted: Fields): Promise<Fields> =>
  eventually(async () => {
    const { body } = await app.call('GET', `/subscriptions/${String(id)}`);
    const found = body as Fields;
    return Object.entries(wanted).every(([field, value]) => found[field] === value) ? found : undefined;
  });
