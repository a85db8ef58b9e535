import { entitlement } from '#domain/licensing/entitlements/entitlement';
import { newId } from '#domain/shared/id';
import { PLAN_DEFAULTS, type PlanEvent, type PlanTerms } from '#domain/licensing/plan/plan';
import { BILLING_POLICY_DEFAULTS } from '#domain/licensing/plan/plan.billing-policies';
import type { ProductEvent } from '#domain/licensing/product/product';
import { Follower } from '../../../../test/support/follower.ts';
import { billingService } from '../billing.module.ts';
import { plansProjection } from './plans.subscription.ts';

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
  let follower: Follower;

  beforeAll(async () => {
    follower = await Follower.start(billingService);
  });
  afterAll(() => follower.close());

  it('follow those of licensing, including explicit zeros and nulls', async () => {
    const id = newId('plan');
    await follower.licensing.append(id, created);
    await follower.licensing.append(id, updated({ name: 'Pro yearly', billing_interval: 'year' }));
    await follower.licensing.append(
      id,
      updated({ trial_days: 0, billing_interval: null, active: false, end_policy: 'keep' }),
    );
    const plan = await follower.rowAt('plans', id, 3);
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
    await follower.licensing.append(id, product);
    const change: ProductEvent = {
      type: 'product.updated',
      product_id: id,
      changes: { allow_multiple_subscriptions: true },
    };
    await follower.licensing.append(id, change);
    const found = await follower.rowAt('products', id, 2);
    expect(found).toEqual({ id, version: 2, name: 'Acme Cloud', allow_multiple_subscriptions: true });
  });

  it('are forgotten when they are deleted, with what they include', async () => {
    const [id, last] = [newId('plan'), newId('plan')];
    const { product_id } = terms;
    const sso = entitlement({ feature: 'sso', value_type: 'bool', value: true });
    await follower.licensing.append<PlanEvent>(
      id,
      created,
      { type: 'plan.entitlement_set', product_id, ...sso },
      { type: 'plan.entitlement_removed', product_id, feature: 'sso' },
      { type: 'plan.deleted', product_id },
    );
    await follower.licensing.append(last, created);
    await follower.rowAt('plans', last, 1);
    expect(await follower.row('plans', id)).toBeUndefined();
    expect(await follower.rowAt('plan_entitlements', `${id}/sso`, 3)).toMatchObject({ removed: true });
    await follower.deliverAgain(plansProjection);
    expect(await follower.row('plans', id)).toBeUndefined();
  });

  it('are the same when events are delivered again', async () => {
    const id = newId('plan');
    await follower.licensing.append(id, created);
    await follower.licensing.append(id, updated({ name: 'Team' }));
    const before = await follower.rowAt('plans', id, 2);
    expect(await follower.deliverAgain(plansProjection)).toContain(id);
    expect(await follower.row('plans', id)).toEqual(before);
  });
});
