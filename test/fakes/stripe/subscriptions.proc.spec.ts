import type Stripe from 'stripe';
import { checkedFakes } from './checked.ts';
import { idOf, itemOf, openShop } from './shop.ts';

const start = checkedFakes();
const DAY = 86_400;
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

describe('a checkout of a subscription', () => {
  it('creates customer, subscription and paid invoice when its page is completed', async () => {
    const { fake, stripe } = await start();
    const { monthly } = await openShop(stripe);
    const coupon = await stripe.coupons.create({ percent_off: 10, duration: 'once', name: 'Welcome' });
    await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: coupon.id }, code: 'WELCOME' });
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: monthly.id, quantity: 1, adjustable_quantity: { enabled: true, minimum: 1, maximum: 10 } }],
      success_url: 'https://shop.example/ok?session={CHECKOUT_SESSION_ID}',
      allow_promotion_codes: true,
      tax_id_collection: { enabled: true },
      client_reference_id: 'ours_1',
      subscription_data: { metadata: { ours: '1' } },
      allowed_payment_method_types: ['card'],
    });
    expect([session.status, session.subscription, session.payment_status]).toEqual(['open', null, 'unpaid']);
    await fake.completeCheckout(session.id, {
      card: 'succeeds',
      email: 'bob@example.com',
      address: { country: 'DE', city: 'Bonn' },
      tax_id: { type: 'eu_vat', value: 'DE123456789' },
      quantity: 3,
      promotion_code: 'welcome',
    });
    const done = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['line_items', 'subscription.latest_invoice.payments', 'customer.tax_ids'],
    });
    expect(done).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      amount_total: 2700,
      client_reference_id: 'ours_1',
    });
    expect(done.line_items?.data[0]).toMatchObject({ quantity: 3 });
    expect(done.subscription).toMatchObject({
      status: 'active',
      metadata: { ours: '1' },
      items: { data: [{ quantity: 3 }] },
      latest_invoice: { status: 'paid', amount_paid: 2700, payments: { data: [{ status: 'paid' }] } },
    });
    expect(done.customer).toMatchObject({ email: 'bob@example.com', tax_ids: { data: [{ value: 'DE123456789' }] } });
    expect(fake.money()).toEqual({ eur: 2700 });
    expect(fake.eventTypes()).toEqual(
      expect.arrayContaining(['checkout.session.completed', 'customer.subscription.created', 'invoice.paid']),
    );
    await fake.advance({ days: 29 });
    expect(fake.money()).toEqual({ eur: 5700 });
  });

  it('leaves nothing behind when the card is declined, and can be tried again, or expires', async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    const create = () =>
      stripe.checkout.sessions.create({
        mode: 'subscription',
        customer: customer.id,
        line_items: [{ price: monthly.id, quantity: 1 }],
        success_url: 'https://shop.example/ok',
      });
    const session = await create();
    const { error } = await fake.completeCheckout(session.id, { card: 'declines' });
    expect(error).toBe('Your card was declined.');
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toEqual([]);
    await fake.completeCheckout(session.id, { card: 'authenticates_first' });
    const forgotten = await create();
    await fake.advance({ hours: 24 });
    expect((await stripe.checkout.sessions.retrieve(forgotten.id)).status).toBe('expired');
    await expect(stripe.checkout.sessions.expire(forgotten.id)).rejects.toMatchObject({ statusCode: 400 });
    expect(fake.money()).toEqual({ eur: 1000 });
  });

  it('starts a trial without a card, which pauses at its end', async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      customer: customer.id,
      line_items: [{ price: monthly.id, quantity: 1 }],
      success_url: 'https://shop.example/ok',
      payment_method_collection: 'if_required',
      subscription_data: {
        trial_period_days: 14,
        trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
      },
    });
    await fake.completeCheckout(session.id);
    const { subscription, payment_status } = await stripe.checkout.sessions.retrieve(session.id);
    const id = idOf(subscription);
    expect(payment_status).toBe('no_payment_required');
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('trialing');
    await fake.advance({ days: 11 });
    expect(fake.eventTypes(id)).toContain('customer.subscription.trial_will_end');
    await fake.advance({ days: 3 });
    const ended = await stripe.subscriptions.retrieve(id);
    expect(ended.status).toBe('paused');
    expect(ended.status_details?.paused.subscription.type).toBe('trial_end_without_payment_method');
    await fake.card('succeeds', { customer: customer.id });
    await stripe.subscriptions.resume(id, { payment_behavior: 'resume_on_payment_success' });
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('active');
    expect(fake.money()).toEqual({ eur: 1000 });
  });

  it('is paid days later by a bank debit', async () => {
    const { fake, stripe } = await start();
    const { monthly } = await openShop(stripe);
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: monthly.id, quantity: 1 }],
      success_url: 'https://shop.example/ok',
    });
    await fake.completeCheckout(session.id, { card: 'settles_later', email: 'eve@example.com' });
    const unpaid = await stripe.checkout.sessions.retrieve(session.id);
    expect(unpaid).toMatchObject({ status: 'complete', payment_status: 'unpaid' });
    const [payment] = (await stripe.invoicePayments.list({ invoice: idOf(unpaid.invoice) })).data;
    await fake.advance({ days: 3 });
    await fake.settle(idOf(payment?.payment.payment_intent));
    expect((await stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe('paid');
    expect(fake.eventTypes(session.id)).toContain('checkout.session.async_payment_succeeded');
    expect(fake.money()).toEqual({ eur: 1000 });
  });
});

describe('a subscription', () => {
  it('waits for its first payment for 23 hours', async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    const subscribe = () =>
      stripe.subscriptions.create({
        customer: customer.id,
        items: [{ price: monthly.id }],
        payment_behavior: 'default_incomplete',
        expand: ['latest_invoice.confirmation_secret'],
      });
    const secretOf = ({ latest_invoice: invoice }: Awaited<ReturnType<typeof subscribe>>): string =>
      typeof invoice === 'object' ? (invoice?.confirmation_secret?.client_secret ?? '') : '';
    const first = await subscribe();
    expect(first.status).toBe('incomplete');
    expect(await fake.confirm(secretOf(first), { card: 'authenticates_first' })).toBe('requires_action');
    expect(fake.eventTypes()).toContain('invoice.payment_action_required');
    await fake.authenticate(secretOf(first).split('_secret_')[0] ?? '');
    expect((await stripe.subscriptions.retrieve(first.id)).status).toBe('active');
    const second = await subscribe();
    await fake.confirm(secretOf(second), { card: 'declines' });
    await fake.advance({ hours: 23 });
    const expired = await stripe.subscriptions.retrieve(second.id, { expand: ['latest_invoice'] });
    expect(expired).toMatchObject({ status: 'incomplete_expired', latest_invoice: { status: 'void' } });
    expect(fake.money()).toEqual({ eur: 1000 });
  });

  it('renews with the card of its first payment only if it is told to keep it', async () => {
    for (const [save_default_payment_method, status] of [
      ['on_subscription', 'active'],
      ['off', 'past_due'],
    ] as const) {
      const { fake, stripe } = await start();
      const { monthly, customer } = await openShop(stripe);
      const created = await stripe.subscriptions.create({
        customer: customer.id,
        items: [{ price: monthly.id }],
        payment_behavior: 'default_incomplete',
        payment_settings: { save_default_payment_method },
        expand: ['latest_invoice.confirmation_secret'],
      });
      const invoice = created.latest_invoice;
      if (invoice === null || typeof invoice === 'string') throw new Error('not expanded');
      await fake.confirm(invoice.confirmation_secret?.client_secret ?? '', { card: 'succeeds' });
      await fake.advance({ days: 29 });
      expect((await stripe.subscriptions.retrieve(created.id)).status).toBe(status);
    }
  });

  it('is past due when its invoice is not paid by its due date', async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    const { id, latest_invoice } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: monthly.id }],
      collection_method: 'send_invoice',
      days_until_due: 14,
    });
    await fake.advance({ days: 14 });
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('past_due');
    expect(fake.eventTypes(idOf(latest_invoice))).toContain('invoice.overdue');
    await stripe.invoices.pay(idOf(latest_invoice), { paid_out_of_band: true });
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('active');
  });

  it('renews on the last day of short months and returns to its day', async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    await fake.card('succeeds', { customer: customer.id });
    const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly.id }] });
    const ends: string[] = [];
    for (let month = 0; month < 3; month += 1) {
      const { current_period_end } = itemOf(await stripe.subscriptions.retrieve(id));
      ends.push(iso(current_period_end).slice(0, 10));
      await fake.advanceTo(current_period_end + 3600);
    }
    expect(ends).toEqual(['2027-02-28', '2027-03-31', '2027-04-30']);
    const invoices = await stripe.invoices.list({ subscription: id });
    expect(invoices.data.map(({ billing_reason, status }) => `${billing_reason} ${status}`)).toEqual([
      'subscription_cycle paid',
      'subscription_cycle paid',
      'subscription_cycle paid',
      'subscription_create paid',
    ]);
    const numbers = invoices.data.map(({ number }) => number?.slice(-4));
    expect(numbers).toEqual(['0004', '0003', '0002', '0001']);
    expect(fake.money()).toEqual({ eur: 4000 });
  });

  it('is past due while a renewal fails, and active again once another card pays', async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    await fake.card('declines_on_renewal', { customer: customer.id });
    const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly.id }] });
    await fake.advance({ days: 29 });
    const failed = await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] });
    expect(failed.status).toBe('past_due');
    expect(failed.latest_invoice).toMatchObject({ status: 'open', attempt_count: 1 });
    await fake.card('succeeds', { customer: customer.id });
    await fake.advance({ days: 3 });
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('active');
    expect(fake.money()).toEqual({ eur: 2000 });
  });

  it('ends after the last retry as the account is set', async () => {
    for (const [after_retries, status] of [
      ['cancel', 'canceled'],
      ['unpaid', 'unpaid'],
    ] as const) {
      const { fake, stripe } = await start({ after_retries });
      const { monthly, customer } = await openShop(stripe);
      await fake.card('declines_on_renewal', { customer: customer.id });
      const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly.id }] });
      await fake.advance({ days: 29 + 3 + 5 + 7 });
      const ended = await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] });
      expect(ended).toMatchObject({ status, latest_invoice: { attempt_count: 4, next_payment_attempt: null } });
    }
  });

  it('charges an upgrade exactly what its preview with the same proration date says', async () => {
    const { fake, stripe } = await start();
    const { product, monthly, customer } = await openShop(stripe);
    const larger = await stripe.prices.create({
      product: product.id,
      currency: 'eur',
      unit_amount: 2500,
      recurring: { interval: 'month' },
    });
    await fake.card('succeeds', { customer: customer.id });
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly.id }] });
    await fake.advance({ days: 11, seconds: 777 });
    const proration_date = fake.world.now();
    const items = [{ id: itemOf(subscription).id, price: larger.id, quantity: 2 }];
    const preview = await stripe.invoices.createPreview({
      subscription: subscription.id,
      subscription_details: { items, proration_date, proration_behavior: 'always_invoice' },
    });
    await fake.advance({ seconds: 600 });
    const changed = await stripe.subscriptions.update(subscription.id, {
      items,
      proration_date,
      proration_behavior: 'always_invoice',
      payment_behavior: 'pending_if_incomplete',
      expand: ['latest_invoice'],
    });
    const numbers = (invoice: Stripe.Invoice) =>
      invoice.lines.data.map(({ amount, period, quantity }) => ({ amount, period, quantity }));
    if (changed.latest_invoice === null || typeof changed.latest_invoice === 'string') throw new Error('not expanded');
    expect(numbers(changed.latest_invoice)).toEqual(numbers(preview));
    expect(changed.latest_invoice.amount_paid).toBe(preview.amount_due);
    expect(preview.lines.data.map(({ parent }) => parent?.subscription_item_details?.proration)).toEqual([true, true]);
    expect(itemOf(changed)).toMatchObject({ quantity: 2, price: { id: larger.id } });
    // A second change credits what the first one debited.
    const back = await stripe.invoices.createPreview({
      subscription: subscription.id,
      subscription_details: {
        items: [{ id: itemOf(subscription).id, price: monthly.id, quantity: 1 }],
        proration_date,
        proration_behavior: 'always_invoice',
      },
    });
    expect(back.total).toBe(-preview.total);
  });

  it('applies an update only when it is paid, or drops it after 23 hours', async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    await fake.card('declines_on_renewal', { customer: customer.id });
    const created = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly.id }] });
    const upgrade = () =>
      stripe.subscriptions.update(created.id, {
        items: [{ id: itemOf(created).id, quantity: 5 }],
        proration_behavior: 'always_invoice',
        payment_behavior: 'pending_if_incomplete',
        off_session: true,
      });
    const waiting = await upgrade();
    expect(waiting).toMatchObject({ status: 'active', pending_update: { subscription_items: [{ quantity: 5 }] } });
    expect(itemOf(waiting).quantity).toBe(1);
    await fake.advance({ hours: 23 });
    expect((await stripe.subscriptions.retrieve(created.id)).pending_update).toBeNull();
    expect(fake.eventTypes(created.id)).toContain('customer.subscription.pending_update_expired');
    const again = await upgrade();
    const card = await fake.card('succeeds', { customer: customer.id, fingerprint: 'fp_new' });
    await stripe.invoices.pay(idOf(again.latest_invoice), { payment_method: card });
    const applied = await stripe.subscriptions.retrieve(created.id);
    expect([applied.pending_update, itemOf(applied).quantity]).toEqual([null, 5]);
    expect(fake.eventTypes(created.id)).toContain('customer.subscription.pending_update_applied');
    await expect(
      stripe.subscriptions.update(created.id, {
        items: [{ id: itemOf(created).id, quantity: 6 }],
        payment_behavior: 'pending_if_incomplete',
        proration_behavior: 'always_invoice',
        description: 'not allowed with it',
      }),
    ).rejects.toMatchObject({ statusCode: 400, param: 'description' });
  });

  it('bills at once and moves its anchor when the interval changes', async () => {
    const { fake, stripe } = await start();
    const { product, monthly, customer } = await openShop(stripe);
    const yearly = await stripe.prices.create({
      product: product.id,
      currency: 'eur',
      unit_amount: 10000,
      recurring: { interval: 'year' },
    });
    await fake.card('succeeds', { customer: customer.id });
    const created = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly.id }] });
    await fake.advance({ days: 14 });
    const now = fake.world.now();
    const changed = await stripe.subscriptions.update(created.id, {
      items: [{ id: itemOf(created).id, price: yearly.id }],
    });
    expect(changed.billing_cycle_anchor).toBe(now);
    expect(iso(itemOf(changed).current_period_end)).toBe('2028-02-14T10:00:00.000Z');
    expect(fake.money()).toEqual({ eur: 1000 - 500 + 10000 });
  });

  it('pauses without invoices, with a credit for the unused time, and resumes when it is paid', async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    await fake.card('succeeds', { customer: customer.id });
    const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly.id }] });
    await fake.advance({ days: 14 });
    const paused = await stripe.subscriptions.pause(id, {
      type: 'subscription',
      bill_for: { unused_time_from: { type: 'now' }, outstanding_usage_through: { type: 'none' } },
    });
    expect(paused).toMatchObject({
      status: 'paused',
      status_details: { paused: { subscription: { type: 'pause_requested' } } },
    });
    await fake.advance({ days: 100 });
    expect((await stripe.invoices.list({ subscription: id })).data).toHaveLength(1);
    const resumed = await stripe.subscriptions.resume(id, {
      billing_cycle_anchor: { type: 'now' },
      payment_behavior: 'resume_on_payment_success',
    });
    expect(resumed.status).toBe('active');
    expect(fake.money()).toEqual({ eur: 1000 + 500 });
    expect(fake.eventTypes(id)).toEqual(
      expect.arrayContaining(['customer.subscription.paused', 'customer.subscription.resumed']),
    );
  });

  it('stays paused when the resumption cannot be paid', async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    await fake.card('succeeds', { customer: customer.id });
    const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly.id }] });
    await stripe.subscriptions.pause(id, { bill_for: { unused_time_from: { type: 'none' } } });
    await fake.advance({ days: 40 });
    await fake.card('declines', { customer: customer.id });
    const resumed = await stripe.subscriptions.resume(id, { payment_behavior: 'resume_on_payment_success' });
    expect(resumed.status).toBe('paused');
    await fake.advance({ hours: 23 });
    expect((await stripe.invoices.retrieve(idOf(resumed.latest_invoice))).status).toBe('void');
  });

  it('keeps making invoices while its collection is paused', async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    await fake.card('succeeds', { customer: customer.id });
    const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly.id }] });
    const { status } = await stripe.subscriptions.update(id, {
      pause_collection: { behavior: 'void', resumes_at: fake.world.now() + 40 * DAY },
    });
    expect(status).toBe('active');
    await fake.advance({ days: 60 });
    const invoices = await stripe.invoices.list({ subscription: id });
    expect(invoices.data.map((invoice) => invoice.status)).toEqual(['paid', 'void', 'paid']);
    expect((await stripe.subscriptions.retrieve(id)).pause_collection).toBeNull();
  });

  it('is canceled at the end of its period, at once, or with its customer', async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    await fake.card('succeeds', { customer: customer.id });
    const subscribe = () => stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly.id }] });
    const later = await subscribe();
    const ends = await stripe.subscriptions.update(later.id, { cancel_at_period_end: true });
    expect(ends).toMatchObject({ status: 'active', cancel_at: itemOf(ends).current_period_end });
    await fake.advance({ days: 28 });
    expect((await stripe.subscriptions.retrieve(later.id)).status).toBe('canceled');
    const now = await subscribe();
    const canceled = await stripe.subscriptions.cancel(now.id, { prorate: true, invoice_now: true });
    expect(canceled.status).toBe('canceled');
    expect((await stripe.customers.retrieve(customer.id)) as { balance?: number }).toMatchObject({ balance: -1000 });
    const third = await subscribe();
    await stripe.customers.del(customer.id);
    expect((await stripe.subscriptions.retrieve(third.id)).status).toBe('canceled');
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ deleted: true });
    expect(fake.money()).toEqual({ eur: 2000 });
  });

  it('bills the usage of a meter with its renewal', async () => {
    const { fake, stripe } = await start();
    const { product, customer } = await openShop(stripe);
    const meter = await stripe.billing.meters.create({
      display_name: 'Calls',
      event_name: 'calls',
      default_aggregation: { formula: 'sum' },
    });
    const metered = await stripe.prices.create({
      product: product.id,
      currency: 'eur',
      billing_scheme: 'tiered',
      tiers_mode: 'graduated',
      tiers: [
        { up_to: 100, unit_amount: 0 },
        { up_to: 'inf', unit_amount: 2 },
      ],
      recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
      expand: ['tiers'],
    });
    expect(metered.tiers).toHaveLength(2);
    await fake.card('succeeds', { customer: customer.id });
    const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: metered.id }] });
    for (const value of ['90', '60'])
      await stripe.billing.meterEvents.create({
        event_name: 'calls',
        payload: { stripe_customer_id: customer.id, value },
      });
    await fake.advance({ days: 29 });
    const [invoice] = (await stripe.invoices.list({ subscription: id })).data;
    expect(invoice).toMatchObject({ status: 'paid', total: 100 });
  });

  it('changes its items at the end of a period by a schedule', async () => {
    const { fake, stripe } = await start();
    const { product, monthly, customer } = await openShop(stripe);
    const smaller = await stripe.prices.create({
      product: product.id,
      currency: 'eur',
      unit_amount: 400,
      recurring: { interval: 'month' },
    });
    await fake.card('succeeds', { customer: customer.id });
    const created = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly.id }] });
    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: created.id });
    const [current] = schedule.phases;
    if (current === undefined) throw new Error('no phase');
    await stripe.subscriptionSchedules.update(schedule.id, {
      end_behavior: 'release',
      phases: [
        { items: [{ price: monthly.id, quantity: 1 }], start_date: current.start_date, end_date: current.end_date },
        { items: [{ price: smaller.id, quantity: 1 }], duration: { interval: 'month' } },
      ],
    });
    await expect(stripe.subscriptions.update(created.id, { cancel_at_period_end: true })).rejects.toMatchObject({
      statusCode: 400,
    });
    await fake.advance({ days: 29 });
    const renewed = await stripe.subscriptions.retrieve(created.id, { expand: ['latest_invoice', 'schedule'] });
    expect(itemOf(renewed)).toMatchObject({ id: itemOf(created).id, price: { id: smaller.id } });
    expect(renewed).toMatchObject({ latest_invoice: { amount_paid: 400 }, schedule: { status: 'active' } });
    await fake.advance({ days: 31 });
    expect((await stripe.subscriptionSchedules.retrieve(schedule.id)).status).toBe('released');
    expect((await stripe.subscriptions.retrieve(created.id)).schedule).toBeNull();
  });

  it('has discounts and taxes on its invoices', async () => {
    const { fake, stripe } = await start();
    const { product, customer } = await openShop(stripe);
    const gross = await stripe.prices.create({
      product: product.id,
      currency: 'eur',
      unit_amount: 11900,
      tax_behavior: 'inclusive',
      recurring: { interval: 'month' },
    });
    const coupon = await stripe.coupons.create({
      amount_off: 1190,
      currency: 'eur',
      duration: 'repeating',
      duration_in_months: 2,
    });
    await stripe.customers.update(customer.id, { address: { country: 'DE' } });
    await fake.card('succeeds', { customer: customer.id });
    const created = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: gross.id }],
      discounts: [{ coupon: coupon.id }],
      automatic_tax: { enabled: true },
      expand: ['latest_invoice', 'discounts'],
    });
    expect(created.latest_invoice).toMatchObject({
      total: 10710,
      total_excluding_tax: 9000,
      total_taxes: [{ amount: 1710 }],
    });
    await fake.advance({ days: 100 });
    const totals = (await stripe.invoices.list({ subscription: created.id })).data.map(({ total }) => total);
    expect(totals).toEqual([11900, 11900, 10710, 10710]);
  });
});
