import { specification } from '../../../testing/given.ts';
import { decidePlanEntitlements } from './plan.entitlements.ts';
import { decidePlan, PLAN_DEFAULTS, type PlanEvent, planStream, type PlanTerms, type PlanUses } from './plan.ts';

describe('a deletion of a plan', () => {
  const given = specification({ ...planStream, decide: decidePlan });
  const plan: PlanTerms = {
    ...PLAN_DEFAULTS,
    product_id: 'prod_1',
    name: 'Pro',
    slug: 'pro',
    license_type: 'perpetual',
    license_model: 'standard',
  };
  const created: PlanEvent = { type: 'plan.created', checkout_id: 'pro-1', ...plan };
  const unused: PlanUses = { licenses: [], key_batches: [], prices: [], subscriptions: [] };
  const remove = (uses: Partial<PlanUses> = {}) => ({ type: 'DeletePlan', uses: { ...unused, ...uses } }) as const;
  const deleted: PlanEvent = { type: 'plan.deleted', product_id: 'prod_1' };

  it('takes out its entitlements first', () => {
    const entitled = [created].reduce(planStream.evolve, planStream.initialState);
    const entitlement = { feature: 'sso', value_type: 'bool', value: true } as const;
    given(created, ...decidePlanEntitlements({ type: 'AddEntitlement', entitlement }, entitled))
      .when(remove())
      .then([{ type: 'plan.entitlement_removed', product_id: 'prod_1', feature: 'sso' }, deleted]);
    given(created).when(remove()).then([deleted]);
  });

  it.each([
    ['licenses', 'lic_1'],
    ['key_batches', 'batch_1'],
    ['prices', 'price_1'],
    ['subscriptions', 'sub_1'],
  ])('is refused while %s use it', (kind, id) => {
    given(created)
      .when(remove({ [kind]: [id] }))
      .thenRefused('PLAN_IN_USE', { used_by: { [kind]: [id] } });
  });

  it('is of a plan that exists', () => {
    given().when(remove()).thenRefused('PLAN_NOT_FOUND');
    given(created, deleted).when(remove()).thenRefused('PLAN_NOT_FOUND');
    given(created, deleted)
      .when({ type: 'UpdatePlan', product_type: 'desktop', changes: { name: 'x' } })
      .thenRefused('PLAN_NOT_FOUND');
  });
});
