import type { Guide, Json, Sink } from './guide.ts';

/**
 * A plan is sold by invoice: paid, renewed, not paid, recovered, upgraded and refunded. Needs a test clock
 * (`KEYLEDGER_TEST_CLOCK=on`).
 */
export const billingTour = async (guide: Guide, sink: Sink): Promise<void> => {
  const unique = Date.now().toString(36);
  const subscriber = `acme/ada-${unique}`;

  guide.tell('The seller, as invoices show it, and its tax rates.');
  await guide.call('PUT', '/admin/organization', {
    legal_name: 'Acme Software GmbH',
    address: {
      line1: 'Hauptstraße 1',
      line2: null,
      city: 'Berlin',
      postal_code: '10115',
      state: null,
      country: 'DE',
    },
    tax_ids: [{ type: 'eu_vat', value: 'DE136695976' }],
    email: 'billing@acme.example',
    phone: '+49 30 1234567',
    bank: { iban: 'DE89370400440532013000', bic: 'COBADEFFXXX', name: 'Acme Bank' },
    default_currency: 'eur',
    tax: { provider: 'rates' },
  });
  await guide.call('PUT', '/admin/tax-rates', [
    { country: 'DE', rate: '19', name: 'MwSt.', valid_from: '2021-01-01T00:00:00.000Z' },
  ]);

  guide.tell('A plan with a monthly and a yearly price.');
  const product = await guide.call(
    'POST',
    '/admin/products',
    { name: 'Acme Cloud', slug: `cloud-${unique}`, type: 'hybrid', key_prefix: 'ACME' },
    201,
  );
  const plan = await guide.call(
    'POST',
    '/admin/plans',
    {
      product_id: product['id'],
      name: 'Team',
      slug: 'team',
      license_type: 'subscription',
      license_model: 'standard',
      billing_interval: 'month',
      max_activations: 5,
      grace_days: 7,
    },
    201,
  );
  const priceOf = (interval: string, amount: number) =>
    guide.call('POST', '/admin/prices', { plan_id: plan['id'], amount, currency: 'eur', interval }, 201);
  const monthly = await priceOf('month', 1_000);
  const yearly = await priceOf('year', 10_000);

  guide.tell('A webhook for everything that happens to subscriptions, invoices and licenses.');
  const endpoint = await guide.call(
    'POST',
    '/admin/webhooks',
    { product_id: product['id'], url: sink.url, events: ['subscription.*', 'invoice.*', 'license.*'] },
    201,
  );
  const received = async (type: string, fits?: (data: Json) => boolean): Promise<void> => {
    await sink.verified(String(endpoint['secret']), type, fits);
    guide.expect(true, `the webhook ${type} came, with a good signature`);
  };
  const advance = (by: string) => guide.call('POST', '/admin/test-clock', { advance: by });
  const invoice = async (id: unknown) => guide.call('GET', `/admin/invoices/${String(id)}`);
  const pay = async (id: unknown): Promise<Json> => {
    const { now } = await guide.call('GET', '/admin/test-clock');
    return guide.call('POST', `/admin/invoices/${String(id)}/mark-paid`, {
      method: 'bank_transfer',
      reference: 'statement 7',
      paid_at: now,
    });
  };

  guide.tell('Ada subscribes. The invoice is sent; nothing is given yet.');
  const subscribed = await guide.call(
    'POST',
    '/subscriptions',
    {
      subscriber,
      email: `ada-${unique}@example.com`,
      name: 'Ada Lovelace',
      price_id: monthly['id'],
      provider: 'bank_transfer',
    },
    201,
  );
  const id = String(subscribed['id']);
  const path = `/subscriptions/${id}`;
  guide.expect(subscribed['status'] === 'pending_payment', 'the subscription waits for the payment');
  const first = await invoice(subscribed['latest_invoice_id']);
  guide.expect(first['total'] === 1_190, '10.00 and 19 % tax are 11.90');
  const pdf = await guide.file(`/admin/invoices/${String(first['id'])}/pdf`);
  guide.expect(pdf.subarray(0, 5).toString() === '%PDF-', `its PDF has ${pdf.length} bytes`);
  await received('invoice.finalized');

  guide.tell('The money arrives: the subscription is active, and a license appears.');
  await pay(first['id']);
  const active = await guide.until(path, ({ status }) => status === 'active', 'the subscription is active');
  const license = `/admin/licenses/${String(active['license_id'])}`;
  await guide.until(
    license,
    ({ valid_until }) => valid_until === active['current_period_end'],
    'the license is valid until the end of the period',
  );
  await received('subscription.activated');
  await received('license.created');

  guide.tell('A month later the clock brings the renewal. It is paid.');
  await advance('P1M');
  const renewing = await guide.until(
    path,
    ({ latest_invoice_id }) => latest_invoice_id !== first['id'],
    'the next invoice was issued',
  );
  await pay(renewing['latest_invoice_id']);
  await received('subscription.renewed');
  await guide.until(
    license,
    ({ valid_until }) => valid_until === renewing['current_period_end'],
    'the license is valid for another month',
  );

  guide.tell('The next invoice stays unpaid: it is overdue after 14 days, and the customer is reminded.');
  await advance('P1M');
  await advance('P14DT1H');
  const late = await guide.until(path, ({ status }) => status === 'past_due', 'the subscription is past due');
  await guide.until(license, ({ status }) => status === 'past_due', 'the license still works');
  await received('subscription.past_due');
  await advance('P1D');
  await received('subscription.reminded', ({ day }) => day === 1);

  guide.tell('The grace period runs out: the license is suspended.');
  await advance('P7D');
  await guide.until(license, ({ status }) => status === 'suspended', 'the license is suspended');
  await received('subscription.grace_ended');

  guide.tell('The payment recovers it at once.');
  await pay(late['latest_invoice_id']);
  await guide.until(path, ({ status }) => status === 'active', 'the subscription is active');
  await guide.until(license, ({ status }) => status === 'active', 'the license works again');
  await received('subscription.recovered');

  guide.tell('An upgrade to the yearly price is previewed, and charged to the cent.');
  const preview = await guide.call('POST', `${path}/preview`, { price_id: yearly['id'], when: 'now' });
  const changed = await guide.call('POST', `${path}/change-plan`, {
    price_id: yearly['id'],
    when: 'now',
    preview_id: preview['preview_id'],
  });
  const upgrade = await invoice(changed['latest_invoice_id']);
  guide.expect(upgrade['amount_due'] === preview['amount_due'], 'the invoice is what the preview said');
  await pay(upgrade['id']);
  await received('subscription.plan_changed');

  guide.tell('The year is refunded in full: the license is revoked.');
  await guide.call('POST', `${path}/refund`, { invoice_id: upgrade['id'], reason: 'not needed any more' });
  await guide.until(path, ({ status }) => status === 'canceled', 'the subscription is canceled');
  await guide.until(license, ({ status }) => status === 'revoked', 'the license is revoked');
  await received('subscription.refunded');
  await received('license.revoked');

  guide.tell('All of it can be read as it was at any moment.');
  const then = await guide.call('GET', `${path}?as_of=${new Date().toISOString()}`);
  guide.expect(then['status'] === 'canceled', 'canceled by now');
};
