import { findPlan, parseCatalogue } from './plan-catalogue.ts';

const plan = { name: 'Pro', slug: 'pro', license_type: 'subscription', license_model: 'standard' };
const product = { name: 'Acme', slug: 'acme', type: 'saas', plans: [plan] };
const parse = (...products: unknown[]) => parseCatalogue(JSON.stringify({ products }), 'plans.json');

describe('a plan catalogue', () => {
  it('has plans by slug, each with its product', () => {
    const { plans: _plans, ...known } = product;
    expect(findPlan(parse(product), 'pro')).toEqual({ product: known, plan });
    expect(findPlan(parse(product), 'team')).toBeUndefined();
  });

  it('does not choose between plans of several products', () => {
    const both = parse(product, { ...product, slug: 'other' });
    expect(() => findPlan(both, 'pro')).toThrow('in acme and in other');
  });

  it.each([
    ['{', 'plans.json is not valid JSON'],
    ['[]', 'the file must be object'],
    ['{}', '/products is required'],
    [
      JSON.stringify({ products: [{ ...product, plans: [{ ...plan, license_type: 'rented' }] }] }),
      '/products/0/plans/0/license_type must be one of',
    ],
    [JSON.stringify({ products: [{ ...product, color: 'red' }] }), '/products/0/color is not a known field'],
    [JSON.stringify({ products: [{ ...product, plans: [] }] }), '/products/0/plans must NOT have fewer than 1 items'],
    [JSON.stringify({ products: [product, product] }), '/products/1/slug acme is used twice'],
    [JSON.stringify({ products: [{ ...product, plans: [plan, plan] }] }), '/products/0/plans/1/slug pro is used twice'],
  ])('%j is refused, with the place and the remedy', (text, message) => {
    expect(() => parseCatalogue(text, 'plans.json')).toThrow(message);
  });
});
