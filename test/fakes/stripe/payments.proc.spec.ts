import { checkedFakes } from './checked.ts';
import { idOf, openShop } from './shop.ts';

const start = checkedFakes();

/** A paid checkout of one license. */
const buy = async (...[options]: Parameters<typeof start>) => {
  const { fake, stripe } = await start(options);
  const { product, customer } = await openShop(stripe);
  const price = await stripe.prices.create({ product: product.id, currency: 'eur', unit_amount: 4900 });
  const session = await stripe.checkout.sessions.create({
    mode: 'payment',
    customer: customer.id,
    line_items: [{ price: price.id, quantity: 2 }],
    success_url: 'https://shop.example/ok',
    invoice_creation: { enabled: true },
    payment_intent_data: { metadata: { ours: '1' } },
  });
  await fake.completeCheckout(session.id, { card: 'succeeds' });
  const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent', 'invoice'] });
  const intent = paid.payment_intent;
  if (intent === null || typeof intent === 'string') throw new Error('not expanded');
  return { fake, stripe, paid, intent, charge: idOf(intent.latest_charge), customer, price };
};

describe('a checkout of a payment', () => {
  it('is paid, with an invoice', async () => {
    const { fake, paid } = await buy();
    expect(paid).toMatchObject({
      payment_status: 'paid',
      amount_total: 9800,
      invoice: { status: 'paid', total: 9800 },
    });
    expect(fake.money()).toEqual({ eur: 9800 });
  });

  it('can be tried again after a declined card', async () => {
    const { fake, stripe, price } = await buy();
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      line_items: [{ price: price.id, quantity: 1 }],
      success_url: 'https://shop.example/ok',
      customer_creation: 'always',
    });
    expect((await fake.completeCheckout(session.id, { card: 'declines_first' })).error).not.toBeNull();
    const second = await fake.completeCheckout(session.id, { card: 'authenticates', email: 'bob@example.com' });
    expect(second.error).toBeNull();
    expect(fake.money()).toEqual({ eur: 9800 + 4900 });
    expect((await stripe.customers.list({ email: 'bob@example.com' })).data).toHaveLength(1);
  });

  it('can save a card instead', async () => {
    const { fake, stripe, customer } = await buy();
    const session = await stripe.checkout.sessions.create({
      mode: 'setup',
      customer: customer.id,
      currency: 'eur',
      success_url: 'https://shop.example/ok',
    });
    await fake.completeCheckout(session.id, { card: 'succeeds', fingerprint: 'fp_new' });
    const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent.payment_method'] });
    expect(done.setup_intent).toMatchObject({
      status: 'succeeded',
      payment_method: { card: { fingerprint: 'fp_new' } },
    });
    const cards = await stripe.customers.listPaymentMethods(customer.id, { type: 'card' });
    expect(cards.data[0]?.card?.fingerprint).toBe('fp_new');
  });
});

describe('a payment', () => {
  it('is refused in units that Stripe cannot charge', async () => {
    const { fake, stripe } = await start();
    const pay = (amount: number, currency: string) =>
      stripe.paymentIntents.create({ amount, currency, confirm: true, payment_method: 'pm_card_visa' });
    await pay(500, 'jpy');
    await pay(50000, 'isk');
    await pay(1230, 'kwd');
    await expect(pay(50050, 'isk')).rejects.toMatchObject({ statusCode: 400, param: 'amount' });
    await expect(pay(1234, 'kwd')).rejects.toMatchObject({ statusCode: 400, param: 'amount' });
    expect(fake.money()).toEqual({ jpy: 500, isk: 50000, kwd: 1230 });
  });

  it('tells why a card was declined', async () => {
    const { fake, stripe } = await start();
    const { customer } = await openShop(stripe);
    const card = await fake.card('declines_on_renewal', { customer: customer.id });
    const pay = stripe.paymentIntents.create({
      amount: 1000,
      currency: 'eur',
      customer: customer.id,
      payment_method: card,
      off_session: true,
      confirm: true,
    });
    await expect(pay).rejects.toMatchObject({
      type: 'StripeCardError',
      code: 'card_declined',
      decline_code: 'insufficient_funds',
      payment_intent: { status: 'requires_payment_method' },
    });
    expect(fake.money()).toEqual({});
  });
});

describe('a refund', () => {
  it('takes money back, in parts, and no more than there is', async () => {
    const { fake, stripe, intent, charge } = await buy();
    await stripe.refunds.create({ payment_intent: intent.id, amount: 1800, metadata: { ours: 'r1' } });
    await stripe.refunds.create({ charge });
    await expect(stripe.refunds.create({ charge })).rejects.toMatchObject({ code: 'charge_already_refunded' });
    expect(await stripe.charges.retrieve(charge, { expand: ['refunds'] })).toMatchObject({
      amount_refunded: 9800,
      refunded: true,
      refunds: { data: [{ amount: 1800 }, { amount: 8000 }] },
    });
    expect(fake.money()).toEqual({ eur: 0 });
  });

  it('is pending for days and may fail after it has succeeded', async () => {
    const { fake, stripe, charge } = await buy({ refund_seconds: 5 * 86_400 });
    const refund = await stripe.refunds.create({ charge });
    expect(refund.status).toBe('pending');
    await fake.advance({ days: 5 });
    expect((await stripe.refunds.retrieve(refund.id)).status).toBe('succeeded');
    await fake.advance({ days: 10 });
    await fake.failRefund(refund.id);
    expect(await stripe.refunds.retrieve(refund.id)).toMatchObject({
      status: 'failed',
      failure_reason: 'expired_or_canceled_card',
    });
    expect(fake.eventTypes(refund.id)).toEqual(['refund.created', 'refund.updated', 'refund.failed', 'refund.updated']);
    expect((await stripe.charges.retrieve(charge)).amount_refunded).toBe(0);
    expect(fake.money()).toEqual({ eur: 9800 });
  });

  it('is mirrored by a credit note', async () => {
    const { fake, stripe, paid } = await buy();
    const invoice = idOf(paid.invoice);
    const note = await stripe.creditNotes.create({
      invoice,
      amount: 800,
      refund_amount: 500,
      credit_amount: 300,
      expand: ['refunds.refund'],
    });
    expect(note).toMatchObject({ status: 'issued', post_payment_amount: 800, refunds: [{ refund: { amount: 500 } }] });
    expect(note.number).toMatch(/-CN-01$/);
    await expect(stripe.creditNotes.create({ invoice, amount: 9800, out_of_band_amount: 9800 })).rejects.toMatchObject({
      statusCode: 400,
    });
    const customer = await stripe.customers.retrieve(idOf(paid.customer));
    expect(customer).toMatchObject({ balance: -300 });
    expect((await stripe.customers.listBalanceTransactions(idOf(paid.customer))).data[0]?.type).toBe('credit_note');
    expect(fake.money()).toEqual({ eur: 9300 });
  });
});

describe('a dispute', () => {
  it('takes the money until it is won', async () => {
    const { fake, stripe, charge } = await buy();
    await fake.warnOfFraud(charge);
    expect((await stripe.radar.earlyFraudWarnings.list({ charge })).data).toHaveLength(1);
    const { id } = await fake.openDispute(charge, { reason: 'product_not_received' });
    expect((await stripe.disputes.retrieve(id, { expand: ['charge'] })).charge).toMatchObject({ disputed: true });
    await expect(stripe.refunds.create({ charge })).rejects.toMatchObject({ code: 'charge_disputed' });
    expect(fake.withdrawn()).toEqual({ eur: 9800 });
    await fake.closeDispute(id, 'won');
    expect(fake.withdrawn()).toEqual({});
    expect(fake.eventTypes(id)).toEqual([
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
      'charge.dispute.funds_reinstated',
      'charge.dispute.closed',
    ]);
  });

  it('is lost', async () => {
    const { fake, stripe, charge } = await buy();
    const { id } = await fake.openDispute(charge);
    await fake.closeDispute(id, 'lost');
    expect((await stripe.disputes.list({ charge })).data[0]?.status).toBe('lost');
    expect(fake.withdrawn()).toEqual({ eur: 9800 });
  });
});

describe('an invoice', () => {
  const openInvoice = async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: monthly.id }],
      collection_method: 'send_invoice',
      days_until_due: 14,
    });
    return { fake, stripe, customer, subscription, invoice: idOf(subscription.latest_invoice) };
  };

  it('is voided, given up, or paid outside of Stripe', async () => {
    const { fake, stripe, invoice } = await openInvoice();
    expect(await stripe.invoices.markUncollectible(invoice)).toMatchObject({ status: 'uncollectible' });
    expect(await stripe.invoices.pay(invoice, { paid_out_of_band: true })).toMatchObject({
      status: 'paid',
      amount_paid: 0,
    });
    await expect(stripe.invoices.voidInvoice(invoice)).rejects.toMatchObject({ statusCode: 400 });
    const other = await openInvoice();
    expect(await other.stripe.invoices.voidInvoice(other.invoice)).toMatchObject({ status: 'void' });
    expect([fake.money(), other.fake.money()]).toEqual([{}, {}]);
  });

  it('is overpaid: the surplus becomes credit for the next one', async () => {
    const { fake, stripe, invoice, customer } = await openInvoice();
    await stripe.invoices.pay(invoice, { payment_method: await fake.card('succeeds', { customer: customer.id }) });
    await fake.overpay(invoice, 250);
    expect(await stripe.invoices.retrieve(invoice)).toMatchObject({ amount_paid: 1250, amount_overpaid: 250 });
    await fake.advance({ days: 29 });
    const [next] = (await stripe.invoices.list({ customer: customer.id })).data;
    expect(next).toMatchObject({ total: 1000, starting_balance: -250, amount_due: 750, ending_balance: 0 });
  });

  it('is not charged below the least amount, but owed with the next one', async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe, { unit_amount: 30 });
    await fake.card('succeeds', { customer: customer.id });
    const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly.id }] });
    await fake.advance({ days: 29 });
    const invoices = (await stripe.invoices.list({ subscription: id })).data;
    expect(invoices.map(({ amount_due, status }) => [amount_due, status])).toEqual([
      [60, 'paid'],
      [0, 'paid'],
    ]);
    expect(fake.money()).toEqual({ eur: 60 });
  });

  it('shows ten lines, and the rest in their list', async () => {
    const { stripe, fake } = await start();
    const { customer } = await openShop(stripe);
    for (let count = 0; count < 12; count += 1)
      await stripe.invoiceItems.create({
        customer: customer.id,
        amount: 100,
        currency: 'eur',
        description: `Item ${count}`,
      });
    const draft = await stripe.invoices.create({ customer: customer.id, pending_invoice_items_behavior: 'include' });
    const invoice = await stripe.invoices.finalizeInvoice(draft.id ?? '');
    expect([invoice.lines.data.length, invoice.lines.has_more, invoice.total]).toEqual([10, true, 1200]);
    const all = await stripe.invoices.listLineItems(draft.id ?? '', { limit: 100 });
    expect(all.data).toHaveLength(12);
    expect(fake.money()).toEqual({});
  });
});

describe('what is sold', () => {
  it('moves a lookup key to another price only when that is asked for', async () => {
    const { stripe } = await start();
    const { product, monthly } = await openShop(stripe);
    const next = {
      product: product.id,
      currency: 'eur',
      unit_amount: 1200,
      recurring: { interval: 'month' as const },
      lookup_key: 'editor_monthly',
    };
    await expect(stripe.prices.create(next)).rejects.toMatchObject({ statusCode: 400, param: 'lookup_key' });
    const taken = await stripe.prices.create({ ...next, transfer_lookup_key: true });
    expect((await stripe.prices.list({ lookup_keys: ['editor_monthly'] })).data.map(({ id }) => id)).toEqual([
      taken.id,
    ]);
    expect((await stripe.prices.retrieve(monthly.id)).lookup_key).toBeNull();
    await stripe.prices.update(monthly.id, { active: false });
    await stripe.products.update(product.id, { active: false, metadata: { ours: 'gone' } });
    await expect(
      stripe.checkout.sessions.create({
        mode: 'subscription',
        line_items: [{ price: monthly.id, quantity: 1 }],
        success_url: 'https://shop.example/ok',
      }),
    ).rejects.toMatchObject({ statusCode: 400 });
  });

  it('is discounted by codes that can be used up', async () => {
    const { fake, stripe } = await start();
    const { monthly } = await openShop(stripe);
    const coupon = await stripe.coupons.create({ percent_off: 50, duration: 'forever', max_redemptions: 1 });
    const code = await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: coupon.id }, code: 'HALF' });
    const session = () =>
      stripe.checkout.sessions.create({
        mode: 'subscription',
        line_items: [{ price: monthly.id, quantity: 1 }],
        success_url: 'https://shop.example/ok',
        allow_promotion_codes: true,
      });
    await fake.completeCheckout((await session()).id, { card: 'succeeds', promotion_code: 'half' });
    await expect(
      fake.completeCheckout((await session()).id, { card: 'succeeds', promotion_code: 'half' }),
    ).rejects.toThrow('invalid');
    expect((await stripe.coupons.retrieve(coupon.id)).valid).toBe(false);
    expect((await stripe.promotionCodes.retrieve(code.id)).times_redeemed).toBe(1);
  });

  it('has a portal and fixed tax rates', async () => {
    const { stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    const portal = await stripe.billingPortal.sessions.create({
      customer: customer.id,
      return_url: 'https://shop.example',
    });
    expect(portal.url).toMatch(/^https:\/\/billing\.stripe\.com/);
    const rate = await stripe.taxRates.create({ display_name: 'VAT', percentage: 19, inclusive: false });
    const created = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: monthly.id }],
      default_tax_rates: [rate.id],
      payment_behavior: 'default_incomplete',
      expand: ['latest_invoice'],
    });
    expect(created.latest_invoice).toMatchObject({ total: 1190, total_taxes: [{ amount: 190, taxable_amount: 1000 }] });
    const intent = await stripe.setupIntents.create({ customer: customer.id, usage: 'off_session' });
    expect(
      await stripe.setupIntents.confirm(intent.id, {
        payment_method: 'pm_card_visa',
        return_url: 'https://shop.example',
      }),
    ).toMatchObject({ status: 'succeeded' });
  });
});

describe('what is seldom asked for', () => {
  it('is answered as Stripe answers: of customers', async () => {
    const { fake, stripe } = await start();
    const { customer } = await openShop(stripe);
    const taxId = await stripe.customers.createTaxId(customer.id, { type: 'eu_vat', value: 'DE123456789' });
    await expect(stripe.customers.createTaxId(customer.id, { type: 'eu_vat', value: '?' })).rejects.toMatchObject({
      code: 'tax_id_invalid',
    });
    expect((await stripe.customers.listTaxIds(customer.id)).data).toHaveLength(1);
    await stripe.customers.deleteTaxId(customer.id, taxId.id);
    await stripe.customers.createBalanceTransaction(customer.id, {
      amount: -500,
      currency: 'eur',
      description: 'Gift',
    });
    const card = await fake.card('succeeds', { customer: customer.id });
    expect((await stripe.paymentMethods.list({ customer: customer.id, type: 'card' })).data).toHaveLength(1);
    await stripe.paymentMethods.detach(card);
    await stripe.paymentMethods.attach(card, { customer: customer.id });
    expect(await stripe.paymentMethods.retrieve(card)).toMatchObject({ customer: customer.id });
    const intent = await stripe.setupIntents.create({ customer: customer.id });
    await stripe.setupIntents.cancel(intent.id);
    expect((await stripe.setupIntents.list({ customer: customer.id })).data[0]?.status).toBe('canceled');
    expect(
      await stripe.customers.retrieve(customer.id, {
        expand: ['subscriptions', 'invoice_settings.default_payment_method'],
      }),
    ).toMatchObject({ balance: -500 });
  });

  it('is answered as Stripe answers: of prices and coupons', async () => {
    const { stripe } = await start();
    const coupon = await stripe.coupons.create({ id: 'GONE', percent_off: 5, duration: 'once' });
    await stripe.coupons.update(coupon.id, { name: 'Gone' });
    const code = await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: coupon.id } });
    await stripe.promotionCodes.update(code.id, { active: false });
    expect(
      (await stripe.promotionCodes.list({ coupon: coupon.id, expand: ['data.promotion.coupon'] })).data,
    ).toHaveLength(1);
    await stripe.coupons.del(coupon.id);
    expect((await stripe.coupons.list()).data).toEqual([]);
    const product = await stripe.products.create({ name: 'Gone' });
    await stripe.products.del(product.id);
    expect((await stripe.products.list({ active: true })).data).toEqual([]);
    const rate = await stripe.taxRates.create({ display_name: 'VAT', percentage: 7, inclusive: true });
    await stripe.taxRates.update(rate.id, { active: false });
    expect((await stripe.taxRates.list({ active: true })).data).toEqual([]);
    const meter = await stripe.billing.meters.create({
      display_name: 'A',
      event_name: 'a',
      default_aggregation: { formula: 'last' },
    });
    await stripe.billing.meters.update(meter.id, { display_name: 'B' });
    await stripe.billing.meters.deactivate(meter.id);
    await stripe.billing.meters.reactivate(meter.id);
    expect((await stripe.billing.meters.list({ status: 'active' })).data).toHaveLength(1);
    expect((await stripe.billingPortal.configurations.list()).data).toHaveLength(1);
    await stripe.billingPortal.configurations.create({ features: { invoice_history: { enabled: true } } });
  });

  it('is answered as Stripe answers: of payments and invoices', async () => {
    const { fake, stripe, paid, intent, charge, customer } = await buy();
    await stripe.checkout.sessions.update(paid.id, { metadata: { seen: '1' } });
    expect((await stripe.checkout.sessions.listLineItems(paid.id)).data).toHaveLength(1);
    expect((await stripe.checkout.sessions.list({ payment_intent: intent.id, status: 'complete' })).data).toHaveLength(
      1,
    );
    await stripe.paymentIntents.update(intent.id, { metadata: { seen: '1' } });
    await expect(stripe.paymentIntents.cancel(intent.id)).rejects.toMatchObject({
      code: 'payment_intent_unexpected_state',
    });
    const open = await stripe.paymentIntents.create({ amount: 100, currency: 'eur', customer: customer.id });
    await stripe.paymentIntents.confirm(open.id, {
      payment_method: await fake.card('authenticates'),
      return_url: 'https://shop.example',
    });
    await fake.authenticate(open.id, false);
    await stripe.paymentIntents.cancel(open.id, { cancellation_reason: 'abandoned' });
    expect((await stripe.paymentIntents.list({ customer: customer.id })).data[0]?.status).toBe('canceled');
    const refund = await stripe.refunds.create({ charge, amount: 100 });
    await stripe.refunds.update(refund.id, { metadata: { seen: '1' } });
    expect((await stripe.charges.list({ payment_intent: intent.id })).data).toHaveLength(1);
    const note = await stripe.creditNotes.create({
      invoice: idOf(paid.invoice),
      lines: [{ type: 'custom_line_item', description: 'Sorry', unit_amount: 100, quantity: 1 }],
      refunds: [{ refund: refund.id, amount_refunded: 100 }],
    });
    expect((await stripe.creditNotes.listLineItems(note.id)).data).toHaveLength(1);
    expect((await stripe.creditNotes.list({ invoice: idOf(paid.invoice) })).data).toHaveLength(1);
    await stripe.invoiceItems.create({ customer: customer.id, amount: 900, currency: 'eur' });
    expect((await stripe.invoiceItems.list({ customer: customer.id, pending: true })).data).toHaveLength(1);
    const draft = await stripe.invoices.create({ customer: customer.id });
    await stripe.invoices.update(draft.id, { metadata: { seen: '1' } });
    await stripe.invoices.del(draft.id);
    expect(
      (await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: intent.id } })).data,
    ).toHaveLength(1);
  });

  it('is answered as Stripe answers: of subscriptions', async () => {
    const { stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: monthly.id }],
      billing_mode: { type: 'classic' },
      trial_period_days: 30,
    });
    await expect(stripe.subscriptions.pause(subscription.id)).rejects.toMatchObject({ statusCode: 400 });
    await stripe.subscriptions.migrate(subscription.id, { billing_mode: { type: 'flexible' } });
    expect((await stripe.subscriptionItems.list({ subscription: subscription.id })).data).toHaveLength(1);
    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    await stripe.subscriptionSchedules.release(schedule.id);
    const second = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    await stripe.subscriptionSchedules.cancel(second.id);
    expect((await stripe.subscriptionSchedules.list({ customer: customer.id })).data).toHaveLength(2);
    expect((await stripe.subscriptions.list({ customer: customer.id, status: 'ended' })).data).toHaveLength(1);
    const preview = await stripe.invoices.createPreview({
      customer: customer.id,
      subscription_details: { items: [{ price: monthly.id, quantity: 2 }] },
    });
    expect(preview.total).toBe(2000);
  });
});
