import { type AddOnPart, effectiveEntitlements } from './effective.ts';
import { entitlement, type WantedEntitlement } from './entitlement.ts';

const of = (feature: string, value_type: WantedEntitlement['value_type'], value: WantedEntitlement['value']) =>
  entitlement({ feature, value_type, value });
const addOn = (id: string, feature: string, value: AddOnPart['value'], sort_order = 0): AddOnPart => ({
  add_on_id: id,
  slug: `slug-${id}`,
  feature,
  value,
  sort_order,
});

describe('effective entitlements', () => {
  it('are those of the plan if there are no add-ons or overrides', () => {
    const { calls, cloud } = effectiveEntitlements([of('calls', 'quota', 10), of('cloud', 'bool', false)], [], []);
    expect(calls).toEqual({
      value_type: 'quota',
      value: 10,
      quota_period: 'monthly',
      quota_unit: null,
      stripe_meter_event_name: null,
      overage: 'none',
      sources: [{ type: 'plan', value: 10 }],
    });
    expect(cloud).toMatchObject({ value_type: 'bool', value: false, quota_period: null });
    expect(effectiveEntitlements([], [], [])).toEqual({});
  });

  it('add-ons add to numbers, and each part has its source', () => {
    const { calls, projects } = effectiveEntitlements(
      [of('calls', 'quota', 0), of('projects', 'int', 3)],
      [addOn('b', 'calls', 5), addOn('a', 'calls', 7), addOn('c', 'projects', 2)],
      [],
    );
    expect(calls).toMatchObject({ value: 12, quota_period: 'monthly' });
    expect(calls?.sources).toEqual([
      { type: 'plan', value: 0 },
      { type: 'add_on', id: 'a', slug: 'slug-a', value: 7 },
      { type: 'add_on', id: 'b', slug: 'slug-b', value: 5 },
    ]);
    expect(projects?.value).toBe(5);
  });

  it('a sum with unlimited is unlimited; 0 is none; sums stay within what JSON holds exactly', () => {
    const plan = [of('a', 'quota', null), of('b', 'quota', 1), of('c', 'quota', Number.MAX_SAFE_INTEGER)];
    const { a, b, c } = effectiveEntitlements(
      plan,
      [addOn('1', 'a', 5), addOn('2', 'b', null), addOn('3', 'c', 9)],
      [],
    );
    expect(a?.value).toBeNull();
    expect(b?.value).toBeNull();
    expect(c?.value).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('add-ons replace flags and texts; the last in their order wins', () => {
    const { cloud, region } = effectiveEntitlements(
      [of('cloud', 'bool', false), of('region', 'string', 'eu')],
      [addOn('1', 'region', 'us', 2), addOn('2', 'region', 'asia', 1), addOn('3', 'cloud', true)],
      [],
    );
    expect(cloud?.value).toBe(true);
    expect(region?.value).toBe('us');
  });

  it('an add-on that does not fit the plan’s type is ignored; without a plan it sets the type', () => {
    const { calls, extra, unlimited } = effectiveEntitlements(
      [of('calls', 'quota', 5)],
      [addOn('1', 'calls', true), addOn('2', 'calls', -3), addOn('3', 'extra', 'x'), addOn('4', 'unlimited', null)],
      [],
    );
    expect(calls).toMatchObject({ value: 5, sources: [{ type: 'plan' }] });
    expect(extra).toMatchObject({ value_type: 'string', value: 'x' });
    expect(unlimited).toMatchObject({ value_type: 'int', value: null });
  });

  it('an override replaces plan and add-ons', () => {
    const { calls } = effectiveEntitlements(
      [of('calls', 'quota', 5)],
      [addOn('1', 'calls', 5)],
      [entitlement({ feature: 'calls', value_type: 'quota', value: 0, quota_period: 'daily', overage: '2' })],
    );
    expect(calls).toMatchObject({ value: 0, quota_period: 'daily', overage: '2', sources: [{ type: 'override' }] });
  });

  it('may have the name of a built-in object property', () => {
    const { constructor: made } = effectiveEntitlements([of('constructor', 'bool', true)], [], []);
    expect(made).toMatchObject({ value: true });
  });
});

describe('an entitlement', () => {
  it.each([
    ['bool', null],
    ['bool', 1],
    ['string', null],
    ['string', 5],
    ['int', 1.5],
    ['int', true],
    ['int', 2 ** 53],
    ['int', NaN],
    ['quota', -1],
    ['quota', Infinity],
    ['quota', '5'],
  ] as const)('%s is not %p', (value_type, value) => {
    expect(() => entitlement({ feature: 'x', value_type, value })).toThrow(
      expect.objectContaining({ code: 'INVALID_ENTITLEMENT' }) as Error,
    );
  });

  it.each([
    ['int', null],
    ['int', 0],
    ['int', -4],
    ['quota', 0],
    ['quota', null],
    ['quota', Number.MAX_SAFE_INTEGER],
    ['string', ''],
    ['bool', false],
  ] as const)('%s may be %p', (value_type, value) => {
    expect(entitlement({ feature: 'x', value_type, value })).toMatchObject({ value });
  });

  it('only quotas have quota terms', () => {
    for (const terms of [{ quota_period: 'daily' }, { quota_unit: 'GB' }, { overage: '2' }] as const) {
      expect(() => entitlement({ feature: 'x', value_type: 'int', value: 1, ...terms })).toThrow(
        expect.objectContaining({ code: 'INVALID_ENTITLEMENT' }) as Error,
      );
    }
    expect(entitlement({ feature: 'x', value_type: 'int', value: 1, overage: 'none', quota_unit: null })).toMatchObject(
      { quota_period: null },
    );
  });
});
