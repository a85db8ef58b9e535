import { MovableClock } from '../../../../test/support/clock.ts';
import { type Fields, openBooks } from '../../../../test/billing/harness.ts';
import { contracts } from '../../../../test/support/product.ts';
import { decidePrice, priceStream } from '#domain/billing/price/price';
import type { PriceTerms, UsagePricing } from '#domain/billing/price/price.terms';
import type { Offer } from '#domain/billing/subscription/offer';
import { decideSubscription, type SubscriptionCommand } from '#domain/billing/subscription/subscription.commands';
import type { Subscribe } from '#domain/billing/subscription/subscription.start';
import { type Subscription, subscriptionStream } from '#domain/billing/subscription/subscription';
import { entitlement } from '#domain/licensing/entitlements/entitlement';
import { PLAN_DEFAULTS, type PlanEvent, type PlanTerms } from '#domain/licensing/plan/plan';
import { licenseOfSubscription } from '#domain/shared/license-of';
import { newId } from '#domain/shared/id';
import { NO_USAGE, offerOf, paidOn, subscribeTo, timePasses } from '#domain/testing/subscription.given';
import { usageOf } from '#domain/testing/prices';
import type { UsageEvent } from '#domain/licensing/usage/usage';
import { recordedFrom } from '#events/projection/recorded';
import { contractsByType, readPublished } from '#events/publish';
import type { EventStore } from '#events/store';
import { inTransaction } from '#events/subscription/transaction';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { eventually, startApp, type TestApp } from '../../../../test/support/app.ts';
import { LicensingLog, licensingStandIn } from '../../../../test/support/licensing-log.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { billingService } from '../billing.module.ts';
import { Metering } from '../metering/metering.ts';
import { MeterUsage } from '../metering/meter-usage.ts';
import { UsageCharges } from './usage-charges.ts';
import { usageRecordsProjection } from './usage.subscription.ts';

const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;
const product_id = newId('prod');

const DAY_MS = 86_400_000;

describe('usage in billing', () => {
  const clock = new MovableClock();
  let app: TestApp;
  let licensing: LicensingLog;
  let database: ServiceDatabase;
  let store: EventStore;
  let charges: UsageCharges;

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingStandIn, billingService], clock });
    await openBooks(app);
    licensing = app.app.nest.get(LicensingLog);
    const billing = app.app.nest.select(billingService.module);
    database = billing.get<ServiceDatabase>(DATABASE, { strict: false });
    store = billing.get<EventStore>(EVENT_STORE, { strict: false });
    charges = billing.get(UsageCharges, { strict: false });
  });
  afterAll(() => app.close());

  const count = async (license_id: string): Promise<number> =>
    (await database.pool.query('select from billing.usage_records where license_id = $1', [license_id])).rowCount ?? 0;

  /** Licensing records usage of a license; resolves once billing knows it. */
  const used = async (
    license_id: string,
    records: readonly (readonly [occurred_at: string, quantity: number, unique_key?: string])[],
    feature = 'requests',
  ): Promise<void> => {
    const before = await count(license_id);
    const events = records.map(([occurred_at, quantity, unique_key]): UsageEvent => ({
      type: 'usage.recorded',
      license_id,
      product_id,
      feature,
      period: 'monthly',
      period_start: `${occurred_at.slice(0, 7)}-01T00:00:00.000Z`,
      period_end: null,
      quantity,
      used: '0',
      overage: false,
      occurred_at,
      metadata: unique_key === undefined ? null : { unique_key },
      idempotency_key: null,
    }));
    await licensing.append(`${license_id}/usage/${feature}`, ...events);
    await eventually(async () => (await count(license_id)) === before + records.length);
  };

  const decide = async (id: string, command: SubscriptionCommand): Promise<Subscription> => {
    const { state } = await store.handle(subscriptionStream, id, (before) => decideSubscription(command, before), {
      metadata,
    });
    if (state.status === 'none') throw new Error('there is no subscription');
    return state;
  };

  const aPlan = async (changes: Partial<PlanTerms> = {}): Promise<string> => {
    const id = newId('plan');
    const kind = { license_type: 'subscription', license_model: 'standard', billing_interval: 'month' } as const;
    const terms = { ...PLAN_DEFAULTS, ...kind, product_id, name: 'Pro', slug: id.replace('_', '-'), ...changes };
    const event = { type: 'plan.created', checkout_id: `co_${id}`, ...terms } as PlanEvent;
    const entitlements = [
      { feature: 'sso', value_type: 'bool', value: true },
      { feature: 'beta', value_type: 'bool', value: false },
      { feature: 'exports', value_type: 'int', value: 7 },
      { feature: 'requests', value_type: 'quota', value: null },
      { feature: 'gone', value_type: 'bool', value: true },
    ] as const;
    await licensing.append<PlanEvent>(
      id,
      event,
      ...entitlements.map((set): PlanEvent => ({ type: 'plan.entitlement_set', product_id, ...entitlement(set) })),
      { type: 'plan.entitlement_removed', product_id, feature: 'gone' },
    );
    await eventually(async () => {
      const { rows } = await database.pool.query(
        'select from billing.plans join billing.plan_entitlements as e on plan_id = plans.id where plans.id = $1 and removed',
        [id],
      );
      return rows.length > 0;
    });
    return id;
  };

  const offer = async (usage: Partial<UsagePricing> | null, terms: Partial<PriceTerms> = {}): Promise<Offer> => {
    const price_id = newId('price');
    const plan = { plan_id: terms.plan_id ?? 'plan_1', product_id };
    const made = offerOf({ product_id, amount: 5, usage: usage && usageOf(usage), ...terms }, plan, { price_id });
    const price = { ...made.price, active: true, nickname: null, lookup_key: null, metadata: {} };
    await store.handle(priceStream, price_id, (state) => decidePrice({ type: 'CreatePrice', price }, state), {
      metadata,
    });
    return made;
  };

  const get = async (path: string, query: Record<string, string>) =>
    app.call('GET', `/admin/usage/${path}?${new URLSearchParams(query).toString()}`);

  describe('sums', () => {
    const license_id = newId('lic');
    const metric = 'requests';
    const january = { license_id, metric, from: '2027-01-01T00:00:00.000Z', to: '2027-02-01T00:00:00.000Z' };

    beforeAll(() =>
      used(license_id, [
        ['2026-12-31T23:59:59.999Z', 1_000],
        ['2027-01-01T00:00:00.000Z', 5, 'ada'],
        ['2027-01-20T10:00:00.000Z', 9, 'grace'],
        ['2027-01-20T10:00:00.000Z', 2, 'ada'],
        ['2027-01-02T12:30:00.000Z', 4],
        ['2027-02-01T00:00:00.000Z', 1_000],
      ]),
    );

    it.each([
      ['sum', 20],
      ['count', 4],
      ['max', 9],
      ['unique', 3],
      ['latest', 2],
    ])('%s: of [from, to), by the time of the usage', async (aggregation, value) => {
      expect(await get('sum', { ...january, aggregation })).toMatchObject({
        status: 200,
        body: { ...january, aggregation, value },
      });
    });

    it('are grouped by the calendar, with empty groups, and without what is outside', async () => {
      const to = '2027-01-03T12:00:00.000Z';
      expect((await get('sum', { ...january, to, group_by: 'day' })).body).toMatchObject({
        value: 9,
        groups: [
          { start: '2027-01-01T00:00:00.000Z', value: 5 },
          { start: '2027-01-02T00:00:00.000Z', value: 4 },
          { start: '2027-01-03T00:00:00.000Z', value: 0 },
        ],
      });
      const hour = await get('sum', { ...january, group_by: 'hour', aggregation: 'unique' });
      expect((hour.body as { groups: unknown[] }).groups).toHaveLength(31 * 24);
      const month = { ...january, from: '2026-12-31T00:00:00.000Z', group_by: 'month' };
      expect((await get('sum', month)).body).toMatchObject({ groups: [{ value: 1_000 }, { value: 20 }] });
    });

    it('are 0 without usage', async () => {
      expect((await get('sum', { ...january, metric: 'seconds' })).body).toMatchObject({ value: 0 });
    });

    it('refuse what is not a range, not a license or too much', async () => {
      const { license_id: _, ...nobody } = january;
      for (const query of [
        { ...january, to: january.from },
        { ...january, to: '2047-01-01T00:00:00.000Z', group_by: 'hour' },
        { ...january, subscription_id: newId('sub') },
        { ...january, aggregation: 'median' },
        nobody,
      ])
        expect(await get('sum', query)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
      expect(await get('sum', { ...nobody, subscription_id: newId('sub') })).toMatchObject({
        status: 404,
        body: { code: 'SUBSCRIPTION_NOT_FOUND' },
      });
    });

    it('are of the product that a key is bound to', async () => {
      const key = await app.create('/admin/api-keys', { name: 'k', scopes: ['read'], product_id: newId('prod') });
      const reply = await app.call('GET', `/admin/usage/sum?${new URLSearchParams(january).toString()}`, undefined, {
        authorization: `Bearer ${String(key['key'])}`,
      });
      expect(reply).toMatchObject({ status: 200, body: { value: 0 } });
    });
  });

  it('is listed newest first by the time of use, page by page', async () => {
    const license_id = newId('lic');
    await used(license_id, [
      ['2027-01-01T00:00:00.000Z', 1],
      ['2027-01-03T00:00:00.000Z', 3],
    ]);
    await used(license_id, [['2027-01-02T00:00:00.000Z', 2, 'ada']], 'renders');
    const first = (await get('records', { license_id, limit: '2' })).body as { data: object[]; next_cursor: string };
    expect(first.data).toMatchObject([
      { metric: 'requests', quantity: 3, occurred_at: '2027-01-03T00:00:00.000Z', unique_key: null, product_id },
      { metric: 'renders', quantity: 2, unique_key: expect.stringMatching(/^[\w-]{22}$/) as unknown },
    ]);
    const next = await get('records', { license_id, limit: '2', cursor: first.next_cursor });
    expect(next.body).toMatchObject({ data: [{ quantity: 1 }], next_cursor: null });
    const range = { from: '2027-01-02T00:00:00.000Z', to: '2027-01-03T00:00:00.000Z' };
    expect((await get('records', { license_id, ...range })).body).toMatchObject({ data: [{ quantity: 2 }] });
    expect((await get('records', { license_id, metric: 'requests' })).body).toMatchObject({
      data: [{ quantity: 3 }, { quantity: 1 }],
    });
    expect(await get('records', { license_id, cursor: 'WyJhIl0' })).toMatchObject({ status: 400 });
  });

  it('is the same when events are delivered again', async () => {
    const license_id = newId('lic');
    await used(license_id, [['2027-01-01T00:00:00.000Z', 1]]);
    const all = async () => (await database.pool.query('select * from billing.usage_records order by id')).rows;
    const before = await all();
    const { events } = await readPublished(database.pool, 'licensing', contractsByType(contracts), {
      after: 0,
      limit: 1_000,
    });
    const recorded = events.filter(({ type }) => type === 'usage.recorded').map(recordedFrom);
    expect(recorded.length).toBe(before.length);
    await inTransaction(database.pool, (tx) => usageRecordsProjection.handle(recorded, tx));
    expect(await all()).toEqual(before);
  });

  describe('lines', () => {
    const JAN_31 = '2027-01-31T09:00:00.000Z';
    const FEB_28 = '2027-02-28T09:00:00.000Z';
    const MAR_31 = '2027-03-31T09:00:00.000Z';

    const subscribe = async (to: Offer) => {
      const id = newId('sub');
      const license_id = licenseOfSubscription(id);
      return { id, license_id, state: await decide(id, subscribeTo(to, { terms: { license_id, subscriber: id } })) };
    };

    it('charge what was used in the period, each piece once, with the price of its time', async () => {
      const metered = await offer({});
      const { id, license_id, state } = await subscribe(metered);
      await used(license_id, [
        ['2027-01-31T08:59:59.999Z', 100],
        [JAN_31, 2],
        ['2027-02-28T08:59:59.999Z', 3],
        [FEB_28, 1],
      ]);
      const usage = await charges.lines(id, state, metered, FEB_28);
      expect(usage).toMatchObject([
        {
          kind: 'usage',
          description: 'Pro: requests',
          quantity: 5,
          amount: 25,
          period: { start: JAN_31, end: FEB_28 },
          price_id: metered.price_id,
        },
      ]);
      const renewed = await decide(id, timePasses(FEB_28, metered, { usage }));
      expect(await charges.lines(id, renewed, metered, MAR_31)).toMatchObject([
        { quantity: 1, amount: 5, period: { start: FEB_28, end: MAR_31 } },
      ]);
    });

    it('charge late usage with the next period, once', async () => {
      const tier = (up_to: number | null, unit_amount: string) => ({ up_to, unit_amount, flat_amount: 0 });
      const metered = await offer({ tiers: [tier(10, '5'), tier(null, '1')] }, { amount: 0 });
      const { id, license_id, state } = await subscribe(metered);
      await used(license_id, [['2027-02-27T00:00:00.000Z', 8]]);
      const usage = await charges.lines(id, state, metered, FEB_28);
      const second = await decide(id, timePasses(FEB_28, metered, { usage }));
      await used(license_id, [['2027-02-27T00:00:00.000Z', 4]]);
      const next = await charges.lines(id, second, metered, MAR_31);
      expect(next).toMatchObject([
        { description: 'Pro: requests, late', quantity: 2, amount: 10, period: { start: JAN_31, end: FEB_28 } },
        { description: 'Pro: requests, late', quantity: 2, amount: 2, period: { start: JAN_31, end: FEB_28 } },
      ]);
      const third = await decide(id, timePasses(MAR_31, metered, { usage: next }));
      expect(await charges.lines(id, third, metered, '2027-04-30T09:00:00.000Z')).toEqual([]);
    });

    it('charge a price that was left during the period, also when the new one is flat', async () => {
      const metered = await offer({ aggregation: 'max' });
      const flat = await offer(null, { amount: 1_000 });
      const { id, license_id } = await subscribe(metered);
      await used(license_id, [
        ['2027-02-09T00:00:00.000Z', 6],
        ['2027-02-11T00:00:00.000Z', 7],
      ]);
      const changed = await decide(id, {
        type: 'ChangeItem',
        now: '2027-02-10T00:00:00.000Z',
        when: 'now',
        from: metered,
        to: flat,
        quantity: 1,
        in_use: { seats: 0, activations: 0 },
        invoice_id: newId('inv'),
        due_days: null,
      });
      expect(await charges.lines(id, changed, flat, FEB_28)).toMatchObject([
        { price_id: metered.price_id, quantity: 6, period: { start: JAN_31, end: '2027-02-10T00:00:00.000Z' } },
      ]);
    });

    it('are none for a flat price', async () => {
      const flat = await offer(null);
      const { id, license_id, state } = await subscribe(flat);
      expect(await charges.lines(id, state, flat, FEB_28)).toEqual([]);
      await used(license_id, [['2027-02-09T00:00:00.000Z', 6]]);
      expect(await charges.lines(id, state, flat, FEB_28)).toEqual([]);
    });

    it('are sums of the subscription, too', async () => {
      const { id, license_id } = await subscribe(await offer({}));
      await used(license_id, [['2027-02-09T00:00:00.000Z', 6]]);
      const query = { subscription_id: id, metric: 'requests', from: JAN_31, to: FEB_28 };
      expect((await get('sum', query)).body).toMatchObject({ license_id, value: 6 });
    });
  });

  describe('metering', () => {
    const METER = 'api_requests';
    let metering: Metering;
    beforeAll(() => {
      metering = app.app.nest.select(billingService.module).get(Metering, { strict: false });
    });

    /** A subscription since January 31, to a plan whose usage is reported to a meter. */
    const metered = async (
      usage: Partial<UsagePricing> | null = null,
      meter: string | null = METER,
      customer = newId('cus'),
    ) => {
      const plan_id = newId('plan');
      const feature = entitlement({
        feature: 'requests',
        value_type: 'quota',
        value: null,
        stripe_meter_event_name: meter,
      });
      await licensing.append<PlanEvent>(plan_id, { type: 'plan.entitlement_set', product_id, ...feature });
      const price_id = newId('price');
      const made = offerOf(
        { product_id, plan_id, usage: usage && usageOf(usage) },
        { plan_id, product_id },
        { price_id },
      );
      const price = { ...made.price, active: true, nickname: null, lookup_key: null, metadata: {} };
      await store.handle(priceStream, price_id, (state) => decidePrice({ type: 'CreatePrice', price }, state), {
        metadata,
      });
      const id = newId('sub');
      const license_id = licenseOfSubscription(id);
      const terms = { product_id, plan_id, price_id, license_id, subscriber: id, customer_id: customer };
      await decide(id, subscribeTo(made, { terms }));
      await decide(id, paidOn('2027-01-31T09:00:00.000Z', 'inv_first'));
      return { id, license_id, customer };
    };
    const rows = async (query: Record<string, string>): Promise<Record<string, unknown>[]> => {
      const { status, body } = await app.call('GET', `/admin/metering?${new URLSearchParams(query).toString()}`);
      expect(status).toBe(200);
      return (body as { data: Record<string, unknown>[] }).data;
    };
    /** The deltas of a license, once its usage was collected: all records of it have been. */
    const collected = async (license_id: string, version: number) => {
      await eventually(async () => {
        const { rows: found } = await database.pool.query<{ last: number | null }>(
          'select max(last_version) as last from billing.metered_deltas where license_id = $1',
          [license_id],
        );
        return found[0]?.last === version;
      });
      return rows({ license_id });
    };
    /** Those of a license that are to be reported at a time. */
    const due = async (license_id: string, at: string) =>
      (await metering.unreported({ at, limit: 1_000 })).filter((delta) => delta.license_id === license_id);

    it('collects usage by minute, and reports late usage in a minute of its own', async () => {
      const { id, license_id, customer } = await metered();
      await used(license_id, [
        ['2027-02-09T10:00:05.000Z', 2],
        ['2027-02-09T10:00:55.000Z', 3],
        ['2027-02-09T10:01:00.000Z', 4],
      ]);
      const [second, first] = await collected(license_id, 3);
      expect(first).toMatchObject({
        id: expect.stringMatching(/^mtr_/) as unknown,
        license_id,
        subscription_id: id,
        customer_id: customer,
        feature: 'requests',
        meter_event_name: METER,
        aggregation: 'sum',
        quantity: 5,
        period_key: '2027-01-31T09:00:00.000Z',
        minute: '2027-02-09T10:00:00.000Z',
        status: 'pending',
        synced: false,
        synced_at: null,
        external_id: null,
        attempts: 0,
        last_error: null,
        next_attempt_at: '2027-02-09T10:01:00.000Z',
      });
      expect(first?.['identifier']).toBe(first?.['id']);
      expect(second).toMatchObject({ quantity: 4, minute: '2027-02-09T10:01:00.000Z' });
      expect(await due(license_id, '2027-02-09T10:00:59.999Z')).toEqual([]);
      expect(await due(license_id, '2027-02-09T10:01:00.000Z')).toMatchObject([
        { quantity: '5', identifier: first?.['id'], minute: new Date('2027-02-09T10:00:00.000Z') },
      ]);
      // The first was handed out, the second was not.
      await used(license_id, [
        ['2027-02-09T10:00:30.000Z', 10],
        ['2027-02-09T10:01:30.000Z', 20],
      ]);
      expect(await collected(license_id, 5)).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ quantity: 5, minute: '2027-02-09T10:00:00.000Z' }),
          expect.objectContaining({ quantity: 24, minute: '2027-02-09T10:01:00.000Z' }),
          expect.objectContaining({ quantity: 10, minute: '2027-02-09T10:02:00.000Z' }),
        ]),
      );
    });

    it('stays in its period, and no two deltas of a meter have one minute', async () => {
      const { license_id, customer } = await metered();
      const other = await metered(null, METER, customer);
      const AT = '2027-02-28T08:59:59.000Z';
      await used(license_id, [[AT, 1]]);
      await collected(license_id, 1);
      await due(license_id, '2027-03-01T00:00:00.000Z');
      await used(license_id, [[AT, 2]]);
      await collected(license_id, 2);
      await used(other.license_id, [[AT, 3]]);
      const all = [...(await rows({ license_id })), ...(await collected(other.license_id, 1))];
      expect(all.map(({ quantity, minute }) => [quantity, minute]).sort()).toEqual([
        [1, '2027-02-28T08:59:00.000Z'],
        [2, '2027-02-28T08:58:00.000Z'],
        [3, '2027-02-28T08:57:00.000Z'],
      ]);
    });

    it('records nothing without a meter or a subscription', async () => {
      const { license_id } = await metered(null, null);
      const alone = newId('lic');
      const last = await metered();
      await used(license_id, [['2027-02-09T10:00:00.000Z', 2]]);
      await used(alone, [['2027-02-09T10:00:00.000Z', 2]]);
      await used(last.license_id, [['2027-02-09T10:00:00.000Z', 2]]);
      await collected(last.license_id, 1);
      expect(await rows({ license_id })).toEqual([]);
      expect(await rows({ license_id: alone })).toEqual([]);
    });

    it.each([
      ['count', [[2, '2027-02-09T10:00:00.000Z']]],
      ['latest', [[4, '2027-02-09T10:00:00.000Z']]],
      ['max', [[9, '2027-02-28T08:00:00.000Z']]],
      ['unique', [[2, '2027-02-28T08:00:00.000Z']]],
    ] as const)('reports what the price counts: %s', async (aggregation, expected) => {
      const { license_id } = await metered({ aggregation });
      await used(license_id, [
        ['2027-02-09T10:00:20.000Z', 4, 'ada'],
        ['2027-02-09T10:00:10.000Z', 9, 'grace'],
      ]);
      await collected(license_id, 2);
      const isFinal = aggregation === 'max' || aggregation === 'unique';
      expect(await due(license_id, '2027-02-28T08:59:59.999Z')).toHaveLength(isFinal ? 0 : 1);
      const found = await due(license_id, '2027-02-28T09:00:00.000Z');
      expect(found.map(({ quantity, minute }) => [Number(quantity), minute.toISOString()])).toEqual(expected);
    });

    it('is reported once, and results survive when events are delivered again', async () => {
      const { license_id } = await metered();
      await used(license_id, [['2027-02-09T10:00:05.000Z', 2]]);
      await used(license_id, [['2027-02-09T11:00:05.000Z', 3]]);
      await collected(license_id, 2);
      const [first, second] = await due(license_id, '2027-03-01T00:00:00.000Z');
      if (first === undefined || second === undefined) throw new Error('there are not two deltas');
      const at = '2027-03-01T00:00:01.000Z';
      await metering.markReported(first.id, { external_id: 'mevt_1', at });
      await metering.markReported(first.id, { external_id: 'mevt_2', at: '2027-03-01T00:00:02.000Z' });
      await metering.markFailed(first.id, { error: 'too late', at });
      await metering.markFailed(second.id, { error: 'the provider is away', at });
      const before = await rows({ license_id });
      expect(before).toMatchObject([
        {
          status: 'failed',
          attempts: 1,
          last_error: 'the provider is away',
          next_attempt_at: '2027-03-01T00:01:01.000Z',
        },
        { status: 'synced', synced: true, synced_at: at, external_id: 'mevt_1', attempts: 1, next_attempt_at: null },
      ]);
      expect(await due(license_id, at)).toEqual([]);
      const { events } = await readPublished(database.pool, 'licensing', contractsByType(contracts), {
        after: 0,
        limit: 1_000,
      });
      const again = events.filter(({ type }) => type === 'usage.recorded');
      const meterUsage = app.app.nest.select(billingService.module).get(MeterUsage, { strict: false });
      const all = async () => (await database.pool.query('select * from billing.metered_deltas order by id')).rows;
      const table = await all();
      await inTransaction(database.pool, (tx) => meterUsage.collect(again, tx));
      expect(await all()).toEqual(table);
      expect(await rows({ license_id })).toEqual(before);
    });

    it('is the same when it is collected anew', async () => {
      const { license_id } = await metered();
      await used(license_id, [
        ['2027-02-09T10:00:05.000Z', 2],
        ['2027-02-09T10:00:06.000Z', 3],
        ['2027-02-09T11:00:05.000Z', 4],
      ]);
      const before = await collected(license_id, 3);
      const { events } = await readPublished(database.pool, 'licensing', contractsByType(contracts), {
        after: 0,
        limit: 1_000,
      });
      const mine = events.filter(({ type, data }) => type === 'usage.recorded' && data['license_id'] === license_id);
      const meterUsage = app.app.nest.select(billingService.module).get(MeterUsage, { strict: false });
      await inTransaction(database.pool, async (tx) => {
        await tx.query('delete from metered_deltas where license_id = $1', [license_id]);
        // The size of batches does not matter.
        for (const event of mine) await meterUsage.collect([event], tx);
      });
      expect(await rows({ license_id })).toEqual(before);
    });

    it('is dead after many failures, and can be retried', async () => {
      const { license_id } = await metered();
      await used(license_id, [['2027-02-09T10:00:05.000Z', 2]]);
      const [{ id }] = (await collected(license_id, 1)) as [{ id: string }];
      const retry = (headers = {}) => app.call('POST', `/admin/metering/${id}/retry`, undefined, headers);
      expect(await retry()).toMatchObject({ status: 200, body: { id, status: 'pending' } });
      await due(license_id, '2027-03-01T00:00:00.000Z');
      for (let n = 0; n < 12; n++)
        await metering.markFailed(id, { error: 'no such meter', at: '2027-03-01T00:00:00.000Z' });
      expect(await rows({ license_id, status: 'dead' })).toMatchObject([{ id, attempts: 12, next_attempt_at: null }]);
      expect(await due(license_id, '2037-03-01T00:00:00.000Z')).toEqual([]);
      const key = await app.create('/admin/api-keys', {
        name: 'k',
        scopes: ['billing:write'],
        product_id: newId('prod'),
      });
      const authorization = `Bearer ${String(key['key'])}`;
      expect(await retry({ authorization })).toMatchObject({ status: 404, body: { code: 'METERED_DELTA_NOT_FOUND' } });
      expect(await retry()).toMatchObject({ status: 200, body: { id, status: 'pending', attempts: 0 } });
      expect(await due(license_id, '2037-03-01T00:00:00.000Z')).toMatchObject([{ id, quantity: '2' }]);
      await metering.markReported(id, { external_id: null, at: '2037-03-01T00:00:01.000Z' });
      expect(await retry()).toMatchObject({ status: 409, body: { code: 'METERED_DELTA_REPORTED' } });
      expect(await app.call('POST', `/admin/metering/${newId('mtr')}/retry`)).toMatchObject({ status: 404 });
    });

    it('is listed newest first, page by page', async () => {
      const { license_id } = await metered();
      await used(license_id, [
        ['2027-02-09T10:00:00.000Z', 1],
        ['2027-02-09T10:05:00.000Z', 2],
        ['2027-02-09T10:03:00.000Z', 3],
      ]);
      await collected(license_id, 3);
      const list = async (query: Record<string, string>) =>
        (await app.call('GET', `/admin/metering?${new URLSearchParams({ license_id, ...query }).toString()}`)).body as {
          data: object[];
          next_cursor: string | null;
        };
      const first = await list({ limit: '2' });
      expect(first.data).toMatchObject([{ quantity: 2 }, { quantity: 3 }]);
      const next = await list({ limit: '2', cursor: String(first.next_cursor) });
      expect(next).toMatchObject({ data: [{ quantity: 1 }], next_cursor: null });
    });
  });

  describe('eligibility', () => {
    const now = () => new Date().toISOString();
    const subscribe = async (plan_id: string, over: Partial<Subscribe> = {}) => {
      const id = newId('sub');
      const subscriber = `acme/${id}`;
      const offer = offerOf({ product_id, plan_id }, { plan_id });
      const customer_id = newId('cus');
      const terms = { product_id, plan_id, subscriber, customer_id, license_id: licenseOfSubscription(id) };
      const pending_until = new Date(Date.now() + 3_600_000).toISOString();
      await decide(id, subscribeTo(offer, { now: now(), pending_until, ...over, terms }));
      return { id, subscriber };
    };
    const ask = (subscriber: string, feature?: string) =>
      app.call(
        'GET',
        `/subscriptions/eligibility?${new URLSearchParams({ subscriber, product_id, ...(feature && { feature }) }).toString()}`,
      );
    const trial = { trial_days: 14 };

    it('follows the subscription at once', async () => {
      const { id, subscriber } = await subscribe(await aPlan());
      expect(await ask(subscriber)).toMatchObject({
        status: 403,
        body: {
          code: 'COMPLETE_PAYMENT',
          subscription_id: id,
          complete_url: expect.stringContaining(`/api/v1/subscriptions/${id}/complete`) as unknown,
        },
      });
      await decide(id, paidOn(now(), 'inv_first'));
      const given = { status: 200, body: { eligible: true, subscription_id: id, value: null } };
      expect(await ask(subscriber)).toMatchObject(given);
      expect(await ask(subscriber)).toMatchObject(given);
      await decide(id, { type: 'Pause', now: now(), resumes_at: null });
      const none = { status: 403, body: { code: 'NOT_SUBSCRIBED' } };
      expect(await ask(subscriber)).toMatchObject(none);
      await decide(id, { type: 'Unpause', now: now() });
      expect(await ask(subscriber)).toMatchObject(given);
      const ends = { reason: null, feedback: null, ...NO_USAGE } as const;
      await decide(id, { type: 'Cancel', now: now(), when: 'now', ...ends });
      expect(await ask(subscriber)).toMatchObject(none);
      expect(await ask('nobody')).toMatchObject(none);
    });

    it('shows what the plan includes', async () => {
      const plan_id = await aPlan();
      const { subscriber } = await subscribe(plan_id, trial);
      const values = { sso: true, exports: 7, requests: null };
      for (const [feature, value] of Object.entries(values))
        expect(await ask(subscriber, feature)).toMatchObject({ status: 200, body: { eligible: true, value } });
      for (const feature of ['beta', 'gone', 'unheard-of'])
        expect(await ask(subscriber, feature)).toMatchObject({ status: 403, body: { code: 'FEATURE_NOT_INCLUDED' } });
    });

    it('stays while it is paused, if the plan keeps licenses', async () => {
      const { id, subscriber } = await subscribe(await aPlan({ pause_policy: 'keep' }));
      await decide(id, paidOn(now(), 'inv_first'));
      await decide(id, { type: 'Pause', now: now(), resumes_at: null });
      expect(await ask(subscriber)).toMatchObject({ status: 200 });
    });

    it('is not shown to a key that is bound to another product', async () => {
      const { subscriber } = await subscribe(await aPlan(), trial);
      const key = await app.create('/admin/api-keys', { name: 'k', scopes: ['read'], product_id: newId('prod') });
      const query = new URLSearchParams({ subscriber, product_id }).toString();
      const reply = await app.call('GET', `/subscriptions/eligibility?${query}`, undefined, {
        authorization: `Bearer ${String(key['key'])}`,
      });
      expect(reply).toMatchObject({ status: 403, body: { code: 'NOT_SUBSCRIBED' } });
    });
  });

  describe('of a subscription', () => {
    const usageLine = (quantity: number) => ({ description: 'Pro: requests, late', quantity, amount: 5 * quantity });
    const begun = async () => {
      const metered = await offer({}, { plan_id: await aPlan() });
      const { id: customer_id } = await app.create('/admin/customers', { email: `${newId('cus')}@example.com` });
      const id = newId('sub');
      const license_id = licenseOfSubscription(id);
      const terms = {
        license_id,
        subscriber: id,
        customer_id: String(customer_id),
        provider: 'bank_transfer',
      } as const;
      await decide(id, subscribeTo(metered, { now: clock.now().toISOString(), terms }));
      return { id, license_id };
    };
    const invoices = async (id: string): Promise<Fields[]> =>
      (await app.call('GET', `/admin/invoices?subscription_id=${id}`)).body.data as Fields[];
    const read = async (invoice: Fields | undefined): Promise<Fields> =>
      (await app.call('GET', `/admin/invoices/${String(invoice?.['id'])}`)).body as Fields;
    const use = (license_id: string, quantity: number) => used(license_id, [[clock.now().toISOString(), quantity]]);
    const statusOf = async (id: string): Promise<unknown> =>
      ((await app.call('GET', `/subscriptions/${id}`)).body as Fields)['status'];

    it('is shown by the preview of a change, as the renewal charges it', async () => {
      const { id, license_id } = await begun();
      const dearer = await offer({}, { plan_id: await aPlan(), amount: 7 });
      await use(license_id, 2);
      const change = { price_id: dearer.price_id, when: 'period_end' };
      const preview = await app.call('POST', `/subscriptions/${id}/preview`, change);
      const line = { kind: 'usage', description: 'Pro: requests', quantity: 2, amount: 10 };
      expect(preview).toMatchObject({ status: 200, body: { lines: [line], total: 12 } });
      expect((await app.call('POST', `/subscriptions/${id}/change-plan`, change)).status).toBe(200);
      const { body } = await app.call('GET', `/subscriptions/${id}`);
      clock.pass(Date.parse(String((body as Fields)['current_period_end'])) - clock.now().getTime());
      const [renewal] = await eventually(async () => {
        const found = await invoices(id);
        return found.length === 1 ? found : undefined;
      });
      expect(await read(renewal)).toMatchObject({ lines: [line], total: 12 });
    });

    it('is charged three days after the end, if it became known after the end', async () => {
      const { id, license_id } = await begun();
      await use(license_id, 2);
      const moment = clock.now().toISOString();
      clock.pass(1_000);
      expect(await app.call('POST', `/subscriptions/${id}/cancel`, { when: 'now' })).toMatchObject({ status: 200 });
      expect(await invoices(id)).toMatchObject([{ total: 12, status: 'open' }]);
      await used(license_id, [[moment, 4]]);
      clock.pass(3 * DAY_MS);
      const [late] = await eventually(async () => {
        const found = await invoices(id);
        return found.length === 2 ? found : undefined;
      });
      expect(await read(late)).toMatchObject({ status: 'open', lines: [usageLine(4)] });
      expect(await statusOf(id)).toBe('canceled');
    });

    it('is charged with the refund that ends it', async () => {
      const { id, license_id } = await begun();
      await use(license_id, 2);
      const { body } = await app.call('GET', `/subscriptions/${id}`);
      clock.pass(Date.parse(String((body as Fields)['current_period_end'])) - clock.now().getTime());
      const [renewal] = await eventually(async () => {
        const found = await invoices(id);
        return found.length === 1 ? found : undefined;
      });
      const id_of = String(renewal?.['id']);
      const paid_at = clock.now().toISOString();
      await app.call('POST', `/admin/invoices/${id_of}/mark-paid`, { method: 'cash', paid_at });
      await use(license_id, 3);
      clock.pass(1_000);
      expect((await app.call('POST', `/subscriptions/${id}/refund`, {})).status).toBe(200);
      await eventually(async () => (await statusOf(id)) === 'canceled');
      const [last] = await eventually(async () => {
        const found = await invoices(id);
        return found.length === 2 ? found : undefined;
      });
      expect(await read(last)).toMatchObject({ status: 'open', lines: [{ quantity: 3, amount: 15 }] });
    });

    it('is charged when it is given up as unpaid; that invoice stays open', async () => {
      const { id, license_id } = await begun();
      await use(license_id, 2);
      clock.pass(32 * DAY_MS);
      await eventually(async () => (await invoices(id)).length === 1);
      clock.pass(15 * DAY_MS);
      await eventually(async () => (await statusOf(id)) === 'past_due');
      await use(license_id, 3);
      clock.pass(31 * DAY_MS);
      await eventually(async () => (await statusOf(id)) === 'canceled');
      const [last, first] = await eventually(async () => {
        const found = await invoices(id);
        return found.length === 2 && found[1]?.['status'] === 'uncollectible' ? found : undefined;
      });
      expect(await read(first)).toMatchObject({ lines: [{ quantity: 2, amount: 10 }] });
      expect(await read(last)).toMatchObject({ status: 'open', lines: [{ quantity: 3, amount: 15 }] });
    });
  });
});
