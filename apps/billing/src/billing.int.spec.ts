import { contracts } from '../../../test/support/product.ts';
import { newId } from '#domain/shared/id';
import { PLAN_DEFAULTS, type PlanEvent, type PlanTerms } from '#domain/licensing/plan/plan';
import { BILLING_POLICY_DEFAULTS } from '#domain/licensing/plan/plan.billing-policies';
import type { ProductEvent } from '#domain/licensing/product/product';
import { recordedFrom } from '#events/projection/recorded';
import { contractsByType, readPublished } from '#events/publish';
import { inTransaction } from '#events/subscription/transaction';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { eventually, startApp, type TestApp } from '../../../test/support/app.ts';
import { LicensingLog, licensingStandIn } from '../../../test/support/licensing-log.ts';
import { billingService } from './billing.module.ts';
import { plansProjection } from './plans/plans.subscription.ts';

const terms: PlanTerms = {
  ...PLAN_DEFAULTS,
  product_id: newId('prod'),
  name: 'Pro',
  slug: 'pro',
  license_type: 'subscription',
  license_model: 'standard',
  billing_interval: 'month',
  max_activations: 3,
  max_seats: 1,
  trial_days: 14,
  grace_days: 7,
  floating_timeout: 30,
  sort_order: 0,
  active: true,
};
const created: PlanEvent = { type: 'plan.created', checkout_id: 'co_test', ...terms };
const updated = (changes: Partial<PlanTerms>): PlanEvent => ({
  type: 'plan.updated',
  product_id: terms.product_id,
  changes,
});

describe('the plans in billing', () => {
  let app: TestApp;
  let licensing: LicensingLog;
  let database: ServiceDatabase;

  beforeAll(async () => {
    app = await startApp({ services: [licensingStandIn, billingService] });
    licensing = app.app.nest.get(LicensingLog);
    database = app.app.nest.select(billingService.module).get<ServiceDatabase>(DATABASE, { strict: false });
  });
  afterAll(() => app.close());

  const row = async (id: string): Promise<Record<string, unknown> | undefined> =>
    (await database.pool.query<Record<string, unknown>>('select * from billing.plans where id = $1', [id])).rows[0];

  it('follow those of licensing, including explicit zeros and nulls', async () => {
    const id = newId('plan');
    await licensing.append(id, created);
    await licensing.append(id, updated({ name: 'Pro yearly', billing_interval: 'year' }));
    await licensing.append(id, updated({ trial_days: 0, billing_interval: null, active: false, end_policy: 'keep' }));
    const plan = await eventually(async () => {
      const found = await row(id);
      return found?.['version'] === 3 ? found : undefined;
    });
    expect(plan).toEqual({
      id,
      version: 3,
      product_id: terms.product_id,
      name: 'Pro yearly',
      slug: 'pro',
      license_type: 'subscription',
      billing_interval: null,
      trial_days: 0,
      grace_days: 7,
      active: false,
      max_activations: 3,
      max_seats: 1,
      updates_days: null,
      ...BILLING_POLICY_DEFAULTS,
      end_policy: 'keep',
    });
  });

  it('include the products that may be subscribed to several times', async () => {
    const id = newId('prod');
    const product: ProductEvent = {
      type: 'product.created',
      product_id: id,
      product_type: 'saas',
      name: 'Acme Cloud',
      slug: 'cloud',
      minimum_supported_version: null,
      minimum_supported_message: null,
      require_signing: false,
      key_format: 'random',
      key_prefix: null,
      allow_multiple_subscriptions: false,
    };
    await licensing.append(id, product);
    const change: ProductEvent = {
      type: 'product.updated',
      product_id: id,
      changes: { allow_multiple_subscriptions: true },
    };
    await licensing.append(id, change);
    const found = await eventually(async () => {
      const { rows } = await database.pool.query<{ version: number }>('select * from billing.products where id = $1', [
        id,
      ]);
      return rows[0]?.version === 2 && rows[0];
    });
    expect(found).toEqual({ id, version: 2, name: 'Acme Cloud', allow_multiple_subscriptions: true });
  });

  it('are the same when events are delivered again', async () => {
    const id = newId('plan');
    await licensing.append(id, created);
    await licensing.append(id, updated({ name: 'Team' }));
    const before = await eventually(async () => {
      const found = await row(id);
      return found?.['version'] === 2 ? found : undefined;
    });
    const { events } = await readPublished(database.pool, 'licensing', contractsByType(contracts), {
      after: 0,
      limit: 1_000,
    });
    expect(events.map(({ subject }) => subject)).toContain(id);
    await inTransaction(database.pool, (tx) => plansProjection.handle(events.map(recordedFrom), tx));
    expect(await row(id)).toEqual(before);
  });
});
