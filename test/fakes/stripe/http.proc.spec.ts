import type Stripe from 'stripe';
import { checkedFakes, clientOf } from './checked.ts';
import { lockTimeout, rateLimited, serverError, unavailable } from './faults.ts';
import { type Received, type Receiver, startReceiver } from './receiver.ts';
import { openShop } from './shop.ts';

const start = checkedFakes();
let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.stop());

describe('an idempotency key', () => {
  it('gives the same answer again, for a day', async () => {
    const { fake, stripe } = await start();
    const create = (name = 'Ada') => stripe.customers.create({ name }, { idempotencyKey: 'customer-1' });
    const first = await create();
    const again = await create();
    expect(again.id).toBe(first.id);
    expect(fake.requestsOf('POST /v1/customers').map(({ replayed }) => replayed)).toEqual([false, true]);
    await expect(create('Eve')).rejects.toMatchObject({ type: 'StripeIdempotencyError', statusCode: 400 });
    await fake.advance({ hours: 25 });
    expect((await create()).id).not.toBe(first.id);
    const long = stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'k'.repeat(256) });
    await expect(long).rejects.toMatchObject({ statusCode: 400 });
  });

  it('gives a 500 again too, whether the work was done or not', async () => {
    const { fake, stripe } = await start();
    fake.faults.plan('POST /v1/customers', { ...serverError, done: true });
    const create = () => stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'customer-1' });
    await expect(create()).rejects.toMatchObject({ statusCode: 500 });
    await expect(create()).rejects.toMatchObject({ statusCode: 500 });
    expect((await stripe.customers.list()).data).toHaveLength(1);
  });

  it('is in use while its request is under way', async () => {
    const { fake, stripe } = await start();
    let release = (): void => undefined;
    const until = new Promise<void>((resolve) => (release = resolve));
    fake.faults.plan('POST /v1/customers', { kind: 'held', until });
    const create = () => stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'customer-1' });
    const first = create();
    while (fake.requests.length === 0) await new Promise(setImmediate);
    await expect(create()).rejects.toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
    release();
    expect((await create()).id).toBe((await first).id);
  });
});

describe('a request that fails', () => {
  it.each([
    ['500', serverError],
    ['503', unavailable],
    ['429', rateLimited],
    ['a lock', lockTimeout],
  ])('is tried again by the client after %s', async (_name, fault) => {
    const { fake } = await start();
    const stripe = clientOf(fake, { maxNetworkRetries: 1 });
    fake.faults.plan('POST /v1/customers', { ...fault, ...(fault.status === 429 && { retry: true }) });
    const created = stripe.customers.create({ name: 'Ada' });
    // The stored 500 is what the same key gets.
    if (fault === serverError) await expect(created).rejects.toMatchObject({ statusCode: 500 });
    else expect((await created).name).toBe('Ada');
    expect(fake.requests).toHaveLength(2);
    expect(new Set(fake.requests.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });

  it.each([['broken'], ['cut'], ['silent']] as const)('may have done its work: %s', async (kind) => {
    const { fake } = await start();
    const stripe = clientOf(fake, { timeout: 200 });
    fake.faults.plan('POST /v1/customers', { kind }, { times: kind === 'broken' ? 2 : 1 });
    // The client tries a closed connection again, once, whatever its settings.
    const create = stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'customer-1' });
    await expect(create).rejects.toMatchObject({ type: 'StripeConnectionError' });
    expect((await stripe.customers.list()).data).toHaveLength(1);
    const again = await stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'customer-1' });
    expect((await stripe.customers.list()).data.map(({ id }) => id)).toEqual([again.id]);
  });

  it('has done nothing when the connection was refused, and reaches only the calls it is planned for', async () => {
    const { fake, stripe } = await start();
    fake.faults.plan('GET /v1/customers', { kind: 'refused' }, { after: 1, times: 2 });
    await stripe.customers.list();
    await expect(stripe.customers.list()).rejects.toMatchObject({ type: 'StripeConnectionError' });
    await fake.outage();
    await expect(stripe.customers.create({ name: 'Ada' })).rejects.toMatchObject({ type: 'StripeConnectionError' });
    await fake.recover();
    expect((await stripe.customers.list()).data).toEqual([]);
  });

  it('shows the test what the fake does not play', async () => {
    const { fake, stripe } = await start();
    await expect(stripe.customers.create({ name: 'Ada', source: 'tok_visa' })).rejects.toMatchObject({
      param: 'source',
    });
    await expect(stripe.payouts.list()).rejects.toMatchObject({ statusCode: 404 });
    expect(fake.complaints.splice(0)).toHaveLength(2);
    await expect(
      clientOf(fake, { apiVersion: '2024-06-20' as Stripe.LatestApiVersion }).customers.list(),
    ).resolves.toBeDefined();
    expect(fake.complaints.splice(0)).toEqual(['GET /v1/customers: Stripe-Version 2024-06-20']);
  });
});

describe('a list', () => {
  it('is read page by page, forward and back, by time', async () => {
    const { fake, stripe } = await start();
    for (let count = 0; count < 7; count += 1) {
      await stripe.customers.create({ name: `Customer ${count}` });
      await fake.advance({ seconds: 10 });
    }
    const names = (page: Stripe.ApiList<Stripe.Customer>) => page.data.map(({ name }) => name?.at(-1)).join('');
    const first = await stripe.customers.list({ limit: 3 });
    expect([names(first), first.has_more]).toEqual(['654', true]);
    const second = await stripe.customers.list({ limit: 3, starting_after: first.data[2]?.id });
    expect(names(second)).toBe('321');
    const back = await stripe.customers.list({ limit: 2, ending_before: second.data[0]?.id });
    expect(names(back)).toBe('54');
    const since = fake.world.now() - 30;
    expect(names(await stripe.customers.list({ created: { gte: since, lt: since + 20 } }))).toBe('54');
    let all = 0;
    for await (const customer of stripe.customers.list({ limit: 2 })) all += customer.id.length > 0 ? 1 : 0;
    expect(all).toBe(7);
    await expect(stripe.customers.list({ limit: 101 })).rejects.toMatchObject({ param: 'limit' });
  });

  it('of one customer is read page by page too', async () => {
    const { fake, stripe } = await start();
    const { monthly, customer } = await openShop(stripe);
    await fake.card('succeeds', { customer: customer.id });
    const other = await stripe.customers.create({ name: 'Eve', payment_method: 'pm_card_visa' });
    await fake.card('succeeds', { customer: other.id });
    const ids: string[] = [];
    for (const owner of [customer.id, other.id, customer.id, customer.id])
      ids.push((await stripe.subscriptions.create({ customer: owner, items: [{ price: monthly.id }] })).id);
    const first = await stripe.subscriptions.list({ customer: customer.id, limit: 2 });
    expect([first.data.map(({ id }) => id), first.has_more]).toEqual([[ids[3], ids[2]], true]);
    const rest = await stripe.subscriptions.list({ customer: customer.id, limit: 2, starting_after: ids[2] });
    expect([rest.data.map(({ id }) => id), rest.has_more]).toEqual([[ids[0]], false]);
  });

  it('of events reaches back for 30 days', async () => {
    const { fake, stripe } = await start();
    const { monthly } = await openShop(stripe);
    await fake.advance({ days: 20 });
    await stripe.prices.update(monthly.id, { nickname: 'new' });
    const changed = await stripe.events.list({ types: ['price.*'], limit: 100 });
    expect(changed.data.map(({ type }) => type)).toEqual(['price.updated', 'price.created']);
    expect(changed.data[0]?.data.previous_attributes).toEqual({ nickname: null });
    await fake.advance({ days: 11 });
    expect((await stripe.events.list({ type: 'price.created' })).data).toEqual([]);
  });
});

describe('a webhook', () => {
  const register = async (stripe: Stripe, version = true): Promise<Stripe.WebhookEndpoint> =>
    stripe.webhookEndpoints.create({
      url: receiver.url,
      enabled_events: ['customer.created', 'customer.updated'],
      ...(version && { api_version: '2026-10-28.endive' }),
    });
  const read = (stripe: Stripe, { body, signature }: Received, secret: string, now: Date): Stripe.Event =>
    stripe.webhooks.constructEvent(body, signature ?? '', secret, undefined, undefined, now.getTime());

  it('is signed as Stripe signs, in the version of its endpoint; the secret is shown once', async () => {
    const { fake, stripe } = await start();
    const { id, secret = '' } = await register(stripe);
    expect((await stripe.webhookEndpoints.retrieve(id)).secret).toBeUndefined();
    expect((await stripe.webhookEndpoints.list()).data).toHaveLength(1);
    const customer = await stripe.customers.create({ name: 'Ada' });
    await fake.webhooks.idle();
    const [received] = receiver.received;
    if (received === undefined) throw new Error('nothing received');
    const event = read(stripe, received, secret, fake.clock.now());
    expect(event).toMatchObject({
      type: 'customer.created',
      api_version: '2026-10-28.endive',
      data: { object: { id: customer.id } },
    });
    await stripe.webhookEndpoints.update(id, { disabled: true });
    await register(stripe, false);
    await stripe.customers.create({ name: 'Eve' });
    await fake.webhooks.idle();
    expect(receiver.received.map(({ body }) => (JSON.parse(body) as Stripe.Event).api_version)).toEqual([
      '2026-10-28.endive',
      '2024-06-20',
    ]);
  });

  it('is held, reordered, duplicated, dropped and changed', async () => {
    const { fake, stripe } = await start();
    const { secret = '' } = await register(stripe);
    fake.webhooks.hold();
    const { id } = await stripe.customers.create({ name: 'Ada' });
    await stripe.customers.update(id, { name: 'Ada L.' });
    await stripe.customers.update(id, { name: 'Ada Lovelace' });
    expect(receiver.received).toEqual([]);
    expect(fake.webhooks.held.map(({ type }) => type)).toEqual([
      'customer.created',
      'customer.updated',
      'customer.updated',
    ]);
    await fake.webhooks.release(([created, first, second]) =>
      [second, first, created, second].flatMap((one) => one ?? []),
    );
    const types = () => receiver.received.map(({ body }) => (JSON.parse(body) as Stripe.Event).type.slice(9));
    expect(types()).toEqual(['updated', 'updated', 'created', 'updated']);
    const [delivery] = fake.webhooks.sent;
    if (delivery === undefined) throw new Error('nothing sent');
    await fake.webhooks.send(delivery, { times: 3 });
    expect(types()).toHaveLength(7);
    const refusal = async (disguise: Parameters<typeof fake.webhooks.send>[1]): Promise<string> => {
      receiver.received.length = 0;
      await fake.webhooks.send(delivery, disguise);
      const [received] = receiver.received;
      try {
        read(stripe, received ?? { body: '', signature: '' }, secret, fake.clock.now());
        return 'accepted';
      } catch (error) {
        return (error as Error).message.slice(0, 25);
      }
    };
    expect(await refusal({})).toBe('accepted');
    expect(await refusal({ signature: 'wrong' })).toBe('No signatures found match');
    expect(await refusal({ signature: 'one byte off' })).toBe('No signatures found match');
    expect(await refusal({ signature: 'missing' })).toBe('No stripe-signature heade');
    expect(await refusal({ stamp: -301 })).toBe('Timestamp outside the tol');
    // The client accepts any time to come: its user must not.
    expect(await refusal({ stamp: 3600 })).toBe('accepted');
    expect(await refusal({ body: (body) => JSON.stringify(JSON.parse(body)) })).toBe('No signatures found match');
    expect(await refusal({ event: (event) => ({ ...event, livemode: true }) })).toBe('accepted');
    fake.webhooks.drop(({ type }) => type === 'customer.updated');
    receiver.received.length = 0;
    await stripe.customers.update(id, { name: 'Ada' });
    await fake.webhooks.idle();
    expect(receiver.received).toEqual([]);
  });

  it('is tried again until it is accepted, and signed by both secrets while one is rotated', async () => {
    const { fake, stripe } = await start();
    const { id, secret = '' } = await register(stripe);
    const rotated = fake.rotateSecret(id);
    receiver.answers.push(500, 503);
    await stripe.customers.create({ name: 'Ada' });
    await fake.webhooks.idle();
    await fake.advance({ hours: 1 });
    expect(fake.webhooks.sent.map(({ attempts }) => attempts)).toEqual([[500, 503, 200]]);
    const last = receiver.received.at(-1);
    if (last === undefined) throw new Error('nothing received');
    for (const one of [secret, rotated])
      expect(read(stripe, last, one, fake.clock.now()).type).toBe('customer.created');
  });

  it('can arrive before the answer of the request that has caused it', async () => {
    const { fake, stripe } = await start();
    await register(stripe);
    fake.webhooks.beforeAnswer = true;
    await stripe.customers.create({ name: 'Ada' });
    expect(receiver.received).toHaveLength(1);
  });

  it('waits while its endpoint is not there, without an end to the test', async () => {
    const { fake, stripe } = await start();
    await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:9/hooks', enabled_events: ['*'] });
    await stripe.customers.create({ name: 'Ada' });
    await fake.webhooks.idle();
    await fake.advance({ days: 4 });
    expect(fake.webhooks.sent[0]?.attempts.length).toBeGreaterThan(5);
  });
});

describe('a meter', () => {
  const metered = async (settings: Parameters<typeof start>[0] = {}) => {
    const { fake, stripe } = await start({ ...settings });
    const { customer } = await openShop(stripe);
    const meter = await stripe.billing.meters.create({
      display_name: 'Calls',
      event_name: 'calls',
      default_aggregation: { formula: 'sum' },
      customer_mapping: { type: 'by_id', event_payload_key: 'stripe_customer_id' },
      value_settings: { event_payload_key: 'value' },
    });
    const send = (identifier: string, value: string, timestamp?: number, to = customer.id) =>
      stripe.billing.meterEvents.create({
        event_name: 'calls',
        identifier,
        payload: { stripe_customer_id: to, value },
        ...(timestamp !== undefined && { timestamp }),
      });
    return { fake, stripe, customer, meter, send };
  };

  it('counts an identifier once in a day', async () => {
    const { fake, send } = await metered();
    await send('delta-1', '5');
    await expect(send('delta-1', '5')).rejects.toMatchObject({
      statusCode: 400,
      message: 'An event already exists with identifier delta-1.',
    });
    await fake.advance({ hours: 25 });
    await send('delta-1', '5');
  });

  it('refuses times that are too old or to come', async () => {
    const { fake, send } = await metered();
    const now = fake.world.now();
    await expect(send('old', '1', now - 36 * 86_400)).rejects.toMatchObject({ code: 'timestamp_too_far_in_past' });
    await expect(send('early', '1', now + 301)).rejects.toMatchObject({ code: 'timestamp_in_future' });
    await send('edge', '1', now + 300);
  });

  it('summarizes minutes, some time later', async () => {
    const { fake, stripe, meter, customer, send } = await metered({ meter_lag_seconds: 120 });
    const minute = fake.world.now() - (fake.world.now() % 60);
    const summaries = async () =>
      (
        await stripe.billing.meters.listEventSummaries(meter.id, {
          customer: customer.id,
          start_time: minute,
          end_time: minute + 60,
        })
      ).data;
    await send('delta-1', '2.5', minute + 1);
    await send('delta-2', '4', minute + 59);
    await send('delta-3', '8', minute + 60);
    expect(await summaries()).toEqual([]);
    await fake.advance({ seconds: 120 });
    expect((await summaries()).map(({ aggregated_value }) => aggregated_value)).toEqual([6.5]);
    await expect(
      stripe.billing.meters.listEventSummaries(meter.id, {
        customer: customer.id,
        start_time: minute + 1,
        end_time: minute + 60,
      }),
    ).rejects.toMatchObject({ param: 'start_time' });
  });

  it('reports errors as thin events alone', async () => {
    const { fake, stripe, meter, send } = await metered();
    const created = await stripe.v2.core.eventDestinations.create({
      name: 'keyledger',
      type: 'webhook_endpoint',
      event_payload: 'thin',
      enabled_events: ['v1.billing.meter.error_report_triggered', 'v1.billing.meter.no_meter_found'],
      webhook_endpoint: { url: receiver.url },
      include: ['webhook_endpoint.signing_secret', 'webhook_endpoint.url'],
    });
    const secret = created.webhook_endpoint?.signing_secret ?? '';
    expect(secret).toBe(fake.secretOf(created.id));
    expect((await stripe.v2.core.eventDestinations.retrieve(created.id)).webhook_endpoint).toBeNull();
    expect((await stripe.v2.core.eventDestinations.list()).data).toHaveLength(1);
    await expect(
      stripe.webhookEndpoints.create({
        url: receiver.url,
        enabled_events: ['v1.billing.meter.error_report_triggered' as 'account.updated'],
      }),
    ).rejects.toMatchObject({ param: 'enabled_events' });
    await send('lost', '1', undefined, 'cus_unknown');
    await fake.webhooks.idle();
    const [received] = receiver.received;
    if (received === undefined) throw new Error('nothing received');
    const { body, signature = '' } = received;
    const notification = stripe.parseEventNotification(
      body,
      signature,
      secret,
      undefined,
      undefined,
      fake.clock.now().getTime(),
    );
    expect(notification).toMatchObject({
      type: 'v1.billing.meter.error_report_triggered',
      related_object: { id: meter.id },
    });
    expect(() => read(stripe, received, secret, fake.clock.now())).toThrow('thin event');
    const event = await notification.fetchEvent();
    expect(event).toMatchObject({ data: { reason: { error_types: [{ code: 'meter_event_customer_not_found' }] } } });
  });

  const read = (stripe: Stripe, { body, signature }: Received, secret: string, now: Date): Stripe.Event =>
    stripe.webhooks.constructEvent(body, signature ?? '', secret, undefined, undefined, now.getTime());
});

describe('an account', () => {
  it('is the one of its key', async () => {
    const { stripe } = await start({ account: 'acct_ours', country: 'AT' });
    expect(await stripe.accounts.retrieveCurrent()).toMatchObject({ id: 'acct_ours', country: 'AT' });
  });
});
