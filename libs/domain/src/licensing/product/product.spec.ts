import { decidePlan, PLAN_DEFAULTS, planStream, type PlanTerms } from '../plan/plan.ts';
import { specification } from '../../../testing/given.ts';
import { decideProduct, productStream, productSupports, type ProductTerms } from './product.ts';

const terms: ProductTerms = {
  name: 'Studio',
  slug: 'studio',
  type: 'desktop',
  minimum_supported_version: null,
  minimum_supported_message: null,
  require_signing: false,
  key_format: 'random',
  key_prefix: null,
  allow_multiple_subscriptions: false,
};

describe('capabilities', () => {
  it.each([
    ['desktop', 'activations', true],
    ['desktop', 'releases', true],
    ['desktop', 'seats', false],
    ['saas', 'activations', false],
    ['saas', 'releases', false],
    ['saas', 'seats', true],
    ['hybrid', 'activations', true],
    ['hybrid', 'releases', true],
    ['hybrid', 'seats', true],
  ] as const)('%s, %s: %s', (type, capability, has) => {
    expect(productSupports(type, capability)).toBe(has);
  });

  it.each(['usage', 'entitlements', 'quotas'] as const)('%s: everywhere', (capability) => {
    for (const type of ['desktop', 'saas', 'hybrid'] as const) expect(productSupports(type, capability)).toBe(true);
  });
});

describe('a product', () => {
  const given = specification({ ...productStream, decide: decideProduct });
  const create = { type: 'CreateProduct', product_id: 'prod_1', product: terms } as const;
  const created = decideProduct(create, productStream.initialState);

  it('is created once, and changes only if a value differs', () => {
    given()
      .when(create)
      .thenMatches([{ type: 'product.created', product_type: 'desktop', slug: 'studio' }]);
    given(...created)
      .when(create)
      .thenRefused('PRODUCT_EXISTS');
    given(...created)
      .when({ type: 'UpdateProduct', changes: { name: 'Studio', key_prefix: 'ST' } })
      .then([{ type: 'product.updated', product_id: 'prod_1', changes: { key_prefix: 'ST' } }]);
    given(...created)
      .when({ type: 'UpdateProduct', changes: { name: 'Studio' } })
      .thenNothing();
    given().when({ type: 'UpdateProduct', changes: {} }).thenRefused('PRODUCT_NOT_FOUND');
  });
});

describe('a plan', () => {
  const given = specification({ ...planStream, decide: decidePlan });
  const plan: PlanTerms = {
    ...PLAN_DEFAULTS,
    product_id: 'prod_1',
    name: 'Pro',
    slug: 'pro',
    license_type: 'perpetual',
    license_model: 'standard',
  };
  const create = { type: 'CreatePlan', product_type: 'desktop', plan, checkout_id: 'pro-1' } as const;
  const created = decidePlan(create, planStream.initialState);

  it('keeps an explicit 0 and null apart from the defaults', () => {
    given()
      .when({ ...create, plan: { ...plan, max_activations: 0, max_seats: null, grace_days: 0 } })
      .thenMatches([{ max_activations: 0, max_seats: null, grace_days: 0, floating_timeout: 30 }]);
    given(...created)
      .when({ type: 'UpdatePlan', product_type: 'desktop', changes: { max_activations: 0 } })
      .thenMatches([{ changes: { max_activations: 0 } }]);
    given(...created)
      .when({ type: 'UpdatePlan', product_type: 'desktop', changes: { max_activations: 3 } })
      .thenNothing();
  });

  it('allows a term to begin with the first activation only if the product has activations', () => {
    const waiting = { ...plan, term_starts: 'first_activation' } as const;
    given()
      .when({ ...create, plan: waiting })
      .thenMatches([{ term_starts: 'first_activation' }]);
    given()
      .when({ ...create, plan: waiting, product_type: 'saas' })
      .thenRefused('FEATURE_NOT_AVAILABLE');
    given()
      .when({ ...create, plan: { ...waiting, license_model: 'floating' } })
      .thenRefused('FEATURE_NOT_AVAILABLE');
    given(...decidePlan({ ...create, plan: waiting }, planStream.initialState))
      .when({ type: 'UpdatePlan', product_type: 'desktop', changes: { license_model: 'floating' } })
      .thenRefused('FEATURE_NOT_AVAILABLE');
  });
});
