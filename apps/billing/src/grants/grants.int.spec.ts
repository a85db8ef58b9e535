import { PLAN_DEFAULTS, type PlanEvent } from '#domain/licensing/plan/plan';
import { newId } from '#domain/shared/id';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { MovableClock } from '../../../../test/support/clock.ts';
import { eventually, type Reply, startApp, type TestApp } from '../../../../test/support/app.ts';
import { LicensingLog, licensingStandIn } from '../../../../test/support/licensing-log.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { billingService } from '../billing.module.ts';
import type { PriceMigrationRow } from '../price-migrations/price-migration.table.ts';
import { PriceMove } from '../price-migrations/price-move.ts';

type Fields = Record<string, unknown>;

const DAY_MS = 86_400_000;

describe('without a payment', () => {
  let app: TestApp;
  let database: ServiceDatabase;
  const clock = new MovableClock();

  const post = (path: string, body: unknown, headers?: Record<string, string>): Promise<Reply> =>
    app.call('POST', path, body, headers);
  const get = async (path: string): Promise<Fields> => (await app.call('GET', path)).body as Fields;
  const refused = async (reply: Promise<Reply>, status: number, code: string): Promise<Fields> => {
    const { status: answered, body } = await reply;
    expect({ status: answered, code: body.code }).toEqual({ status, code });
    return body as Fields;
  };
  const aPlan = async (slug: string, product_id = newId('prod')): Promise<{ plan_id: string; product_id: string }> => {
    const plan_id = newId('plan');
    const event = {
      ...PLAN_DEFAULTS,
      type: 'plan.created',
      checkout_id: `co_${plan_id}`,
      product_id,
      name: slug,
      slug,
      license_type: 'subscription',
      license_model: 'standard',
      activate_on: 'invoice',
    } as PlanEvent;
    await app.app.nest.get(LicensingLog).append(plan_id, event);
    return { plan_id, product_id };
  };
  const eventsOf = async (id: string): Promise<string[]> => {
    const { rows } = await database.pool.query<{ type: string }>(
      'select type from billing.events where stream_id = $1 order by version',
      [id],
    );
    return rows.map(({ type }) => type.replace('subscription.', ''));
  };

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingStandIn, billingService], clock });
    database = app.app.nest.select(billingService.module).get<ServiceDatabase>(DATABASE, { strict: false });
    await app.call('PUT', '/admin/organization', {
      legal_name: 'Acme GmbH',
      address: { line1: 'Weg 1', city: 'Berlin', postal_code: '10115', country: 'DE' },
    });
  });
  afterAll(() => app.close());

  describe('a grant', () => {
    it('gives a subscription for twelve months, and extends it from its end', async () => {
      const { plan_id } = await aPlan('pro');
      const wanted = { user: 'ada@example.com', plan: 'pro', reason: 'beta tester' };
      const before = clock.now();
      const first = await post('/admin/grants', wanted);
      expect(first).toMatchObject({
        status: 201,
        body: { plan_slug: 'pro', user_id: 'ada@example.com', reason: 'beta tester', extended: false },
      });
      const { subscription_id, period_end, granted_by } = first.body as Record<string, string>;
      expect(granted_by).toMatch(/^key_/);
      const inAYear = new Date(before);
      inAYear.setUTCFullYear(inAYear.getUTCFullYear() + 1);
      expect(Math.abs(Date.parse(period_end ?? '') - inAYear.getTime())).toBeLessThan(60_000);

      const again = await post('/admin/grants', { ...wanted, duration: 'P30D', granted_by: 'support' });
      expect(again).toMatchObject({ status: 200, body: { subscription_id, granted_by: 'support', extended: true } });
      expect(Date.parse(again.body.period_end as string) - Date.parse(period_end ?? '')).toBe(30 * DAY_MS);

      const subscription = await get(`/subscriptions/${subscription_id}`);
      expect(subscription).toMatchObject({ status: 'active', provider: 'grant', price_id: null, plan_id });
      expect(await eventsOf(subscription_id ?? '')).toEqual(['created', 'activated', 'granted', 'renewed', 'granted']);
      const customers = (await get('/admin/customers?email=ada@example.com'))['data'];
      expect(customers).toEqual([expect.objectContaining({ id: subscription['customer_id'] })]);
    });

    it('needs no address: its customer has an id that is derived from the user', async () => {
      await aPlan('plain');
      const give = async (user: string, more: Fields = {}): Promise<string> => {
        const { body } = await post('/admin/grants', { user, plan: 'plain', reason: 'x', ...more });
        return String((await get(`/subscriptions/${body.subscription_id}`))['customer_id']);
      };
      const customer = await give('acme/ada');
      expect(customer).toMatch(/^cus_/);
      await refused(app.call('GET', `/admin/customers/${customer}`), 404, 'CUSTOMER_NOT_FOUND');
      const { id } = await app.create('/admin/customers', { email: 'bob@example.com', external_id: 'acme/bob' });
      expect(await give('acme/bob')).toBe(id);
      expect(await give('acme/eve', { email: 'bob@example.com' })).toBe(id);
    });

    it('is one subscription however many give it at once, and each gives its time once', async () => {
      await aPlan('many');
      const give = (key: string) =>
        post(
          '/admin/grants',
          { user: 'many', plan: 'many', duration: 'P10D', reason: 'x' },
          { 'idempotency-key': key },
        );
      const keys = Array.from({ length: 8 }, (_, n) => `many-${n}`);
      const replies = await Promise.all(keys.map(give));
      const ids = new Set(replies.map(({ body }) => String(body.subscription_id)));
      expect([ids.size, replies.filter(({ status }) => status === 201).length]).toEqual([1, 1]);
      const replayed = await Promise.all(keys.map(give));
      expect(replayed.map(({ body }) => body as Fields)).toEqual(replies.map(({ body }) => body as Fields));
      const { current_period_start, current_period_end } = await get(`/subscriptions/${[...ids][0]}`);
      const days = (Date.parse(String(current_period_end)) - Date.parse(String(current_period_start))) / DAY_MS;
      expect(days).toBe(80);
    });

    it('begins anew when it has ended', async () => {
      await aPlan('short');
      const give = () => post('/admin/grants', { user: 'shorty', plan: 'short', duration: 'P1D', reason: 'x' });
      const { subscription_id } = (await give()).body as Fields;
      clock.pass(2 * DAY_MS);
      await eventually(async () => (await get(`/subscriptions/${String(subscription_id)}`))['status'] === 'expired');
      const next = await give();
      expect(next.status).toBe(201);
      expect(next.body.subscription_id).not.toBe(subscription_id);
    });

    it('does not touch a subscription that is paid, or has another plan', async () => {
      const { plan_id, product_id } = await aPlan('paid');
      await aPlan('other', product_id);
      const price = await app.create('/admin/prices', { plan_id, amount: 0, currency: 'eur', interval: 'month' });
      const sold = await app.create('/subscriptions', {
        subscriber: 'payer',
        email: 'p@example.com',
        price_id: price['id'],
      });
      const grant = (user: string, plan: string) => post('/admin/grants', { user, plan, reason: 'x' });
      expect(await refused(grant('payer', 'paid'), 409, 'SUBSCRIPTION_EXISTS')).toMatchObject({
        subscription_id: sold['id'],
      });
      const { body } = await grant('granted', 'paid');
      expect(await refused(grant('granted', 'other'), 409, 'SUBSCRIPTION_EXISTS')).toMatchObject({
        subscription_id: body.subscription_id,
      });
    });

    it('refuses what it cannot give, and changes nothing', async () => {
      const { plan_id } = await aPlan('twin');
      const wanted = { user: 'bad', plan_id, reason: 'x' };
      const bad = (fields: Fields, status: number, code: string) =>
        refused(post('/admin/grants', { ...wanted, ...fields }), status, code);
      await bad({ user: '' }, 400, 'INVALID_USER');
      await bad({ user: 'x'.repeat(256) }, 400, 'INVALID_USER');
      await bad({ user: 7 }, 400, 'VALIDATION_FAILED');
      await bad({ duration: 'P0D' }, 400, 'INVALID_DURATION');
      await bad({ duration: 'P101Y' }, 400, 'INVALID_DURATION');
      await bad({ duration: 'a year' }, 400, 'INVALID_DURATION');
      await bad({ reason: '' }, 400, 'VALIDATION_FAILED');
      await bad({ plan: 'twin' }, 400, 'VALIDATION_FAILED');
      await bad({ plan_id: undefined }, 400, 'VALIDATION_FAILED');
      await bad({ plan_id: newId('plan') }, 404, 'PLAN_NOT_FOUND');
      await bad({ plan_id: undefined, plan: 'no-such-plan' }, 404, 'PLAN_NOT_FOUND');
      const twin = await aPlan('twin');
      await eventually(async () => {
        const { body } = await post('/admin/grants', { ...wanted, plan_id: undefined, plan: 'twin', duration: '' });
        return (
          body.code === 'PLAN_AMBIGUOUS' && expect(body.plan_ids).toEqual([plan_id, twin.plan_id].sort()) === undefined
        );
      });
      expect((await get('/subscriptions?subscriber=bad'))['data']).toEqual([]);
    });
  });

  describe('the migration of a price', () => {
    const aPrice = async (plan_id: string, fields: Fields = {}): Promise<string> =>
      String(
        (await app.create('/admin/prices', { plan_id, amount: 1_000, currency: 'eur', interval: 'month', ...fields }))[
          'id'
        ],
      );
    const subscribed = async (price_id: string, subscriber: string): Promise<string> => {
      const email = `${subscriber}@example.com`;
      const provider = 'bank_transfer';
      const { id } = await app.create('/subscriptions', { subscriber, email, price_id, provider, quantity: 2 });
      return String(id);
    };
    const migrated = async (from: string, body: Fields): Promise<Fields> => {
      const started = await post(`/admin/prices/${from}/migrate`, body);
      expect(started).toMatchObject({ status: 202, body: { from, to: body['to'], at: body['at'] } });
      return eventually(async () => {
        const job = await get(`/admin/price-migrations/${String(started.body.id)}`);
        return job['status'] === 'done' && job;
      });
    };

    it('shows what would change, moves each subscription once, and says which it cannot move', async () => {
      const { plan_id } = await aPlan('move');
      const [from, to] = [await aPrice(plan_id), await aPrice(plan_id, { amount: 1_500 })];
      const [first = '', second = '', paused = '', leaving = ''] = await Promise.all(
        ['one', 'two', 'paused', 'leaving'].map((name) => subscribed(from, name)),
      );
      await post(`/subscriptions/${paused}/pause`, {});
      await post(`/subscriptions/${leaving}/cancel`, { when: 'period_end' });
      const counts = { total: 4, moved: 2, skipped: 1, failed: 1 };
      const failures = [{ subscription_id: paused, code: 'INVALID_TRANSITION' }];

      const dry = await migrated(from, { to, at: 'period_end', dry_run: true });
      expect(dry).toMatchObject({ ...counts, failures, dry_run: true });
      const { current_period_end } = await get(`/subscriptions/${first}`);
      const moves = await get(`/admin/price-migrations/${String(dry['id'])}/moves?outcome=moved`);
      expect(moves['data']).toEqual(
        [first, second].sort().map((subscription_id) => ({
          subscription_id,
          outcome: 'moved',
          code: null,
          from_amount: 2_000,
          to_amount: 3_000,
          effective_at: subscription_id === first ? current_period_end : expect.any(String),
        })),
      );
      expect(await get(`/subscriptions/${first}`)).toMatchObject({ price_id: from, pending_change: null });

      expect(await migrated(from, { to, at: 'period_end' })).toMatchObject({ ...counts, failures });
      expect(await get(`/subscriptions/${first}`)).toMatchObject({
        price_id: from,
        pending_change: { price_id: to, quantity: 2, effective_at: current_period_end },
      });
      expect(await migrated(from, { to, at: 'period_end' })).toMatchObject({ moved: 0, skipped: 3, failed: 1 });

      const now = await migrated(from, { to, at: 'now' });
      expect(now).toMatchObject(counts);
      const changed = await get(`/subscriptions/${second}`);
      expect(changed).toMatchObject({ price_id: to, pending_change: null });
      expect((await eventsOf(second)).filter((type) => type === 'plan_changed')).toHaveLength(1);
    });

    it('continues after a crash between a move and its record, and moves nothing twice', async () => {
      const { plan_id, product_id } = await aPlan('crash');
      const [from, to] = [await aPrice(plan_id), await aPrice(plan_id, { amount: 1_500 })];
      const ids = await Promise.all(['c1', 'c2', 'c3'].map((name) => subscribed(from, name)));
      const id = newId('mig');
      const { rows } = await database.pool.query<PriceMigrationRow>(
        `insert into billing.price_migrations
           (id, product_id, from_price_id, to_price_id, at, dry_run, status, actor, created_at)
         values ($1, $2, $3, $4, 'now', false, 'done', '{"type":"system","id":"test"}', now()) returning *`,
        [id, product_id, from, to],
      );
      await database.pool.query(
        'insert into billing.price_moves (migration_id, subscription_id) select $1, unnest($2::text[])',
        [id, ids],
      );
      const [job] = rows;
      const move = app.app.nest.select(billingService.module).get(PriceMove, { strict: false });
      if (job === undefined) throw new Error('there is no migration');
      const before = await Promise.all(ids.slice(0, 2).map((one) => move.run(job, one)));
      expect(before).toMatchObject([{ outcome: 'moved' }, { outcome: 'moved' }]);
      await database.pool.query(`update billing.price_migrations set status = 'running' where id = $1`, [id]);
      const done = await eventually(async () => {
        const present = await get(`/admin/price-migrations/${id}`);
        return present['status'] === 'done' && present;
      });
      expect(done).toMatchObject({ total: 3, moved: 3, skipped: 0, failed: 0 });
      for (const one of ids) expect((await eventsOf(one)).filter((type) => type === 'plan_changed')).toHaveLength(1);
    });

    it('is refused between prices that do not fit', async () => {
      const { plan_id, product_id } = await aPlan('fit');
      const from = await aPrice(plan_id);
      const elsewhere = await aPlan('elsewhere');
      const to = (price: string) => post(`/admin/prices/${from}/migrate`, { to: price, at: 'now' });
      await refused(to(from), 400, 'SAME_PRICE');
      await refused(to(newId('price')), 404, 'PRICE_NOT_FOUND');
      await refused(to(await aPrice(elsewhere.plan_id)), 409, 'PLAN_OF_ANOTHER_PRODUCT');
      await refused(to(await aPrice(plan_id, { currency: 'usd' })), 409, 'CURRENCY_MISMATCH');
      await refused(to(await aPrice(plan_id, { interval: null })), 400, 'PRICE_NOT_RECURRING');
      const old = await aPrice((await aPlan('old', product_id)).plan_id);
      await app.call('PATCH', `/admin/prices/${old}`, { active: false });
      await refused(to(old), 409, 'PRICE_INACTIVE');
      await refused(app.call('GET', `/admin/price-migrations/${newId('mig')}`), 404, 'PRICE_MIGRATION_NOT_FOUND');
    });
  });
});
