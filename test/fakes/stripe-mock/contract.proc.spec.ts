import { readFileSync } from 'node:fs';
import { NEW_FIELDS } from './answers.ts';
import {
  SPEC,
  STRIPE_MOCK,
  STRIPE_MOCK_API,
  type StripeMock,
  startStripeMock,
  stripeMockUnavailable,
} from './binary.ts';
import { Contract } from './contract.ts';
import { EXCEPTIONS } from './exceptions.ts';

const unavailable = stripeMockUnavailable();
const suite = unavailable === undefined ? describe : describe.skip;

suite(`stripe-mock ${STRIPE_MOCK} (${unavailable ?? STRIPE_MOCK_API})`, () => {
  let mock: StripeMock;
  let contract: Contract;

  beforeAll(async () => {
    mock = await startStripeMock();
    contract = new Contract(mock.url);
  });

  afterAll(() => mock?.stop());

  it.each(EXCEPTIONS.map((exception) => [exception.reason, exception] as const))(
    'still needs the exception: %s',
    async (_reason, { example }) => {
      expect(await contract.refuses(example)).toBeDefined();
      await contract.check({ ...example, status: 200 });
    },
  );

  it.each(Object.entries(NEW_FIELDS))('does not describe the new fields of %s', (schema, fields) => {
    const { components } = JSON.parse(readFileSync(SPEC, 'utf8')) as {
      components: { schemas: Record<string, { properties: object }> };
    };
    for (const field of fields) expect(components.schemas[schema]?.properties).not.toHaveProperty(field);
  });

  it('accepts what Stripe accepts', async () => {
    await contract.check({ method: 'POST', target: '/v1/products', body: 'name=Editor&metadata[ours]=1', status: 200 });
    await contract.check({
      method: 'GET',
      target: '/v1/events?limit=100&created[gte]=1700000000',
      body: '',
      status: 200,
    });
  });

  it.each([
    ['an unknown route', { method: 'GET', target: '/v1/licenses', body: '' }],
    ['an unknown parameter', { method: 'POST', target: '/v1/products', body: 'name=Editor&licenses=3' }],
    ['an unknown value', { method: 'POST', target: '/v1/coupons', body: 'percent_off=10&duration=sometimes' }],
    ['a missing parameter', { method: 'POST', target: '/v1/prices', body: 'unit_amount=100' }],
    [
      'an old value of another parameter',
      { method: 'POST', target: '/v1/checkout/sessions', body: 'mode=setup&ui_mode=hosted' },
    ],
  ])('refuses %s', async (_name, request) => {
    await expect(contract.check({ ...request, status: 200 })).rejects.toThrow('stripe-mock refuses');
  });
});
