import { ADD_ON_DEFAULTS, addOnStream, decideAddOn } from '../add-on/add-on.ts';
import { entitlement } from '../entitlements/entitlement.ts';
import { decidePlanEntitlements } from '../plan/plan.entitlements.ts';
import { PLAN_DEFAULTS, type PlanEvent, planStream } from '../plan/plan.ts';
import { specification } from '../../../testing/given.ts';
import { decideLicenseEntitlements } from './license.entitlements.ts';
import { eventsAfter, issueOf, planOf } from '../../../testing/license.given.ts';
import { type LicenseEvent, licenseStream } from './license.ts';

const product_id = 'prod_1';

describe('entitlements of a plan', () => {
  const given = specification({ ...planStream, decide: decidePlanEntitlements });
  const created: PlanEvent = {
    type: 'plan.created',
    checkout_id: 'pro-1',
    ...PLAN_DEFAULTS,
    product_id,
    name: 'Pro',
    slug: 'pro',
    license_type: 'perpetual',
    license_model: 'standard',
  };
  const calls = { feature: 'calls', value_type: 'quota', value: 0 } as const;
  const set: PlanEvent = { type: 'plan.entitlement_set', product_id, ...entitlement(calls) };
  const add = { type: 'AddEntitlement', entitlement: calls } as const;

  it('are added once; an explicit 0 stays 0', () => {
    given(created)
      .when(add)
      .thenMatches([{ type: 'plan.entitlement_set', value: 0, quota_period: 'monthly', overage: 'none' }]);
    given(created, set).when(add).thenRefused('ENTITLEMENT_EXISTS');
    given().when(add).thenRefused('PLAN_NOT_FOUND');
  });

  it('change only if a value differs, and only to a value that fits the type', () => {
    const change = (changes: object) => ({ type: 'ChangeEntitlement', feature: 'calls', changes }) as const;
    given(created, set)
      .when(change({ value: null, overage: '1.5' }))
      .thenMatches([{ value: null, overage: '1.5', quota_period: 'monthly' }]);
    given(created, set)
      .when(change({ value: 0 }))
      .thenNothing();
    given(created, set)
      .when(change({ value: true }))
      .thenRefused('INVALID_ENTITLEMENT');
    given(created)
      .when(change({ value: 0 }))
      .thenRefused('ENTITLEMENT_NOT_FOUND');
  });

  it('are removed', () => {
    const remove = { type: 'RemoveEntitlement', feature: 'calls' } as const;
    given(created, set)
      .when(remove)
      .then([{ type: 'plan.entitlement_removed', product_id, feature: 'calls' }]);
    given(created, set, { type: 'plan.entitlement_removed', product_id, feature: 'calls' })
      .when(remove)
      .thenRefused('ENTITLEMENT_NOT_FOUND');
  });
});

describe('add-ons and overrides of one license', () => {
  const given = specification({ ...licenseStream, decide: decideLicenseEntitlements });
  const issued = eventsAfter(issueOf(planOf({ product_id })));
  const revoked: LicenseEvent = { type: 'license.revoked', product_id, reason: null };
  const terms = { ...ADD_ON_DEFAULTS, product_id, slug: 'more', feature: 'calls', value: 5 };
  const add_on = { status: 'created', ...terms } as const;
  const enable = { type: 'EnableAddOn', add_on_id: 'addon_1', add_on } as const;
  const enabled: LicenseEvent = { type: 'license.add_on_enabled', product_id, add_on_id: 'addon_1' };
  const disable = { type: 'DisableAddOn', add_on_id: 'addon_1' } as const;

  it('enables and disables add-ons of its product', () => {
    given(...issued)
      .when(enable)
      .then([enabled]);
    given(...issued, enabled)
      .when(enable)
      .thenNothing();
    given(...issued, enabled)
      .when(disable)
      .then([{ type: 'license.add_on_disabled', product_id, add_on_id: 'addon_1' }]);
    given(...issued)
      .when(disable)
      .thenRefused('ADD_ON_NOT_FOUND');
    given(...issued)
      .when({ ...enable, add_on: { ...add_on, product_id: 'prod_2' } })
      .thenRefused('ADD_ON_NOT_FOUND');
    given(...issued)
      .when({ ...enable, add_on: { status: 'none' } })
      .thenRefused('ADD_ON_NOT_FOUND');
  });

  it('an inactive add-on cannot be enabled; a license that has it keeps it', () => {
    const inactive = { ...enable, add_on: { ...add_on, active: false } };
    given(...issued)
      .when(inactive)
      .thenRefused('ADD_ON_INACTIVE');
    given(...issued, enabled)
      .when(inactive)
      .thenNothing();
  });

  const plan = entitlement({ feature: 'calls', value_type: 'quota', value: 10, quota_period: 'daily' });
  const override = (over: object) =>
    ({
      type: 'OverrideEntitlement',
      override: { feature: 'calls', value: 25, ...over },
      entitlements: new Map([['calls', plan]]),
      reason: null,
    }) as const;

  it('an override keeps the fields of the plan’s entitlement that it does not name', () => {
    given(...issued)
      .when(override({}))
      .thenMatches([{ type: 'license.entitlement_overridden', value: 25, value_type: 'quota', quota_period: 'daily' }]);
    given(...issued)
      .when(override({ value: null, quota_period: 'yearly' }))
      .thenMatches([{ value: null, quota_period: 'yearly' }]);
    given(...issued)
      .when(override({ value: 'x' }))
      .thenRefused('INVALID_ENTITLEMENT');
    given(...issued)
      .when(override({ value_type: 'int' }))
      .thenRefused('INVALID_ENTITLEMENT');
    given(...issued)
      .when(override({ feature: 'other', value: true }))
      .thenMatches([{ feature: 'other', value_type: 'bool', value: true, quota_period: null }]);
  });

  it('an override is removed', () => {
    const own: LicenseEvent = { type: 'license.entitlement_overridden', product_id, ...plan, value: 25, reason: null };
    const restore = { type: 'RestoreEntitlement', feature: 'calls' } as const;
    given(...issued, own)
      .when(override({}))
      .thenNothing();
    given(...issued, own)
      .when(restore)
      .then([{ type: 'license.entitlement_restored', product_id, feature: 'calls' }]);
    given(...issued)
      .when(restore)
      .thenRefused('ENTITLEMENT_NOT_FOUND');
  });

  it('a revoked license never changes', () => {
    for (const command of [enable, disable, override({}), { type: 'RestoreEntitlement', feature: 'calls' } as const])
      given(...issued, enabled, revoked)
        .when(command)
        .thenRefused('LICENSE_REVOKED');
  });

  it('an add-on is created once, and changes only if a value differs', () => {
    const given = specification({ ...addOnStream, decide: decideAddOn });
    const made = { type: 'add_on.created', ...terms } as const;
    given().when({ type: 'CreateAddOn', add_on: terms }).then([made]);
    given(made).when({ type: 'CreateAddOn', add_on: terms }).thenRefused('ADD_ON_EXISTS');
    given(made)
      .when({ type: 'UpdateAddOn', changes: { value: 0, slug: 'more' } })
      .then([{ type: 'add_on.updated', product_id, changes: { value: 0 } }]);
    given(made)
      .when({ type: 'UpdateAddOn', changes: { active: true } })
      .thenNothing();
  });
});
