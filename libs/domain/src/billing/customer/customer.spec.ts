import { specification } from '../../../testing/given.ts';
import { type CustomerCommand, decideCustomer, type WantedProfile } from './customer.commands.ts';
import { type Customer, type CustomerEvent, NOBODY, type CustomerState, customerStream } from './customer.ts';
import { NO_ADDRESS } from './party.ts';

const given = specification<CustomerCommand, CustomerEvent, CustomerState>({
  ...customerStream,
  decide: decideCustomer,
});

const NOW = '2026-01-31T09:00:00.000Z';
const customer_id = 'cus_1';
const profile: WantedProfile = {
  external_id: null,
  email: 'ada@example.com',
  name: 'Ada',
  company: null,
  address: {},
  tax_ids: [],
  locale: null,
  payment_terms_days: null,
  po_number: null,
  metadata: {},
};
const create = (fields: Partial<WantedProfile> = {}): CustomerCommand => ({
  type: 'CreateCustomer',
  customer_id,
  email_hash: 'h',
  profile: { ...profile, ...fields },
  now: NOW,
});
const created: CustomerEvent = {
  type: 'customer.created',
  customer_id,
  email_hash: 'h',
  created_at: NOW,
  ...profile,
  address: NO_ADDRESS,
  tax_ids: [],
};
const update = (changes: Partial<WantedProfile>, email_hash?: string): CustomerCommand => ({
  type: 'UpdateCustomer',
  customer_id,
  changes,
  email_hash,
});
const credit = (amount: number, source: string): CustomerCommand => ({
  type: 'ChangeBalance',
  customer_id,
  currency: 'usd',
  amount,
  reason: 'test',
  source,
  now: NOW,
});
const use = (up_to: number, source: string): CustomerCommand => ({
  type: 'UseBalance',
  customer_id,
  currency: 'usd',
  up_to,
  reason: 'invoice',
  source,
  now: NOW,
});
const changed = (amount: number, balance: number, source: string, reason = 'test'): CustomerEvent => ({
  type: 'customer.balance_changed',
  customer_id,
  currency: 'usd',
  amount,
  balance,
  reason,
  source,
  changed_at: NOW,
});
const after = (...events: CustomerEvent[]): CustomerState =>
  events.reduce(customerStream.evolve, customerStream.initialState);
const merge = (into: string, target: CustomerState): CustomerCommand => ({
  type: 'MergeCustomer',
  customer_id,
  into,
  target,
  now: NOW,
});
const merged: CustomerEvent = {
  type: 'customer.merged',
  customer_id,
  into: 'cus_2',
  balances: { usd: 500 },
  merged_at: NOW,
};

describe('a customer', () => {
  it('is created once', () => {
    given().when(create()).then([created]);
    given(created).when(create()).thenRefused('CUSTOMER_EXISTS', { customer_id });
  });

  it('has a country of ISO 3166-1 and a language of BCP 47, in their canonical form', () => {
    given()
      .when(create({ address: { country: 'AT' }, locale: 'de-at' }))
      .thenMatches([{ address: { ...NO_ADDRESS, country: 'AT' }, locale: 'de-AT' }]);
    given()
      .when(create({ address: { country: 'XX' } }))
      .thenRefused('INVALID_CUSTOMER');
    given()
      .when(create({ locale: 'not a language' }))
      .thenRefused('INVALID_CUSTOMER');
  });

  it('is changed field by field, and says which fields differ', () => {
    given(created)
      .when(update({ name: 'Ada', company: 'Acme', address: { city: 'Wien' } }))
      .then([
        {
          type: 'customer.updated',
          customer_id,
          updated: ['company', 'address'],
          company: 'Acme',
          address: { ...NO_ADDRESS, city: 'Wien' },
        },
      ]);
    given(created)
      .when(update({ name: 'Ada', address: {} }, 'h'))
      .thenNothing();
    given(created)
      .when(update({ email: 'eve@example.com' }, 'h2'))
      .then([
        { type: 'customer.updated', customer_id, updated: ['email'], email: 'eve@example.com', email_hash: 'h2' },
      ]);
    given()
      .when(update({ name: 'Eve' }))
      .thenRefused('CUSTOMER_NOT_FOUND');
  });

  it('keeps what was found out about a tax id that stays', () => {
    const value = 'DE136695976';
    const known = after(
      { ...created, tax_ids: [{ type: 'eu_vat', value, status: 'unverified' }] },
      { type: 'customer.tax_id_checked', customer_id, tax_type: 'eu_vat', value, status: 'valid', checked_at: NOW },
    ) as Customer;
    expect(known.tax_ids).toEqual([{ type: 'eu_vat', value, status: 'valid' }]);
    expect(decideCustomer(update({ tax_ids: [{ type: 'eu_vat', value: 'de 136695976' }] }), known)).toEqual([]);
    expect(() => decideCustomer(update({ tax_ids: [{ type: 'eu_vat', value: 'DE136695977' }] }), known)).toThrow(
      expect.objectContaining({ code: 'INVALID_TAX_ID' }),
    );
  });

  it('records the result of an online check once, of ids that it has', () => {
    const check = (value: string): CustomerCommand => ({
      type: 'RecordTaxIdCheck',
      customer_id,
      tax_type: 'eu_vat',
      value,
      status: 'invalid',
      now: NOW,
    });
    const has = {
      ...created,
      tax_ids: [{ type: 'eu_vat', value: 'DE136695976', status: 'unverified' }],
    } as CustomerEvent;
    const checked: CustomerEvent = {
      type: 'customer.tax_id_checked',
      customer_id,
      tax_type: 'eu_vat',
      value: 'DE136695976',
      status: 'invalid',
      checked_at: NOW,
    };
    given(has).when(check('DE136695976')).then([checked]);
    given(has, checked).when(check('DE136695976')).thenNothing();
    given(has).when(check('FR40303265045')).thenNothing();
  });
});

describe('the balance of a customer', () => {
  it('changes once for each source', () => {
    given(created)
      .when(credit(500, 'pay_1'))
      .then([changed(500, 500, 'pay_1')]);
    given(created, changed(500, 500, 'pay_1'))
      .when(credit(500, 'pay_1'))
      .thenNothing();
  });

  it('is never below zero', () => {
    given(created, changed(500, 500, 'pay_1'))
      .when(credit(-501, 'inv_1'))
      .thenRefused('BALANCE_TOO_LOW', { currency: 'usd', balance: 500 });
    given(created)
      .when({ ...credit(1, 'x'), currency: 'xxx' } as CustomerCommand)
      .thenRefused('UNKNOWN_CURRENCY');
    given(created, changed(2 ** 53 - 1, 2 ** 53 - 1, 'a'))
      .when(credit(1, 'b'))
      .thenRefused('BALANCE_TOO_HIGH');
  });

  it('is used as far as it goes, once for each source', () => {
    const has = [created, changed(500, 500, 'pay_1')];
    given(...has)
      .when(use(300, 'inv_1'))
      .then([changed(-300, 200, 'inv_1', 'invoice')]);
    given(...has)
      .when(use(900, 'inv_1'))
      .then([changed(-500, 0, 'inv_1', 'invoice')]);
    given(...has, changed(-300, 200, 'inv_1'))
      .when(use(300, 'inv_1'))
      .thenNothing();
    given(created).when(use(300, 'inv_1')).thenNothing();
  });

  it('shows only currencies with credit', () => {
    const state = after(created, changed(500, 500, 'a'), changed(-500, 0, 'b')) as Customer;
    expect(state.balances).toEqual({});
    expect([...state.sources]).toEqual([
      ['a', 500],
      ['b', -500],
    ]);
  });
});

describe('a merge of customers', () => {
  const other = after({ ...created, customer_id: 'cus_2' });
  const has = [created, changed(500, 500, 'pay_1')];

  it('hands over the balances, once', () => {
    given(...has)
      .when(merge('cus_2', other))
      .then([merged]);
    given(...has, merged)
      .when(merge('cus_2', other))
      .thenNothing();
    expect(after(...has, merged)).toMatchObject({
      status: 'merged',
      merged_into: 'cus_2',
      balances: {},
      moved: { usd: 500 },
    });
  });

  it('needs another customer that is not merged itself', () => {
    given(...has)
      .when(merge(customer_id, other))
      .thenRefused('INVALID_MERGE');
    given(...has)
      .when(merge('cus_3', customerStream.initialState))
      .thenRefused('CUSTOMER_NOT_FOUND');
    given(...has)
      .when(merge('cus_2', after(...has, merged)))
      .thenRefused('CUSTOMER_MERGED', { merged_into: 'cus_2' });
    given(...has, merged)
      .when(merge('cus_3', other))
      .thenRefused('CUSTOMER_MERGED', { merged_into: 'cus_2' });
  });

  it('ends all other changes', () => {
    for (const command of [update({ name: 'Eve' }), credit(1, 'x'), use(1, 'y')]) {
      given(...has, merged)
        .when(command)
        .thenRefused('CUSTOMER_MERGED');
    }
  });
});

it('a forgotten person leaves an empty profile', () => {
  const forgotten = { ...created, email: null, name: null, address: null, tax_ids: null } as unknown as CustomerEvent;
  expect(after(forgotten)).toMatchObject({ email: null, address: NO_ADDRESS, tax_ids: [] });
});

it('a customer is forgotten once, merged or not, and may come back', () => {
  const forget: CustomerCommand = { type: 'ForgetCustomer', customer_id, person_ids: ['cus_1'], now: NOW };
  const forgotten: CustomerEvent = {
    type: 'customer.forgotten',
    customer_id,
    person_ids: ['cus_1'],
    forgotten_at: NOW,
  };
  given(created).when(forget).then([forgotten]);
  given(created, merged).when(forget).then([forgotten]);
  given(created, forgotten).when(forget).thenNothing();
  given().when(forget).thenRefused('CUSTOMER_NOT_FOUND');
  expect(after(created, forgotten)).toMatchObject({ ...NOBODY, email_hash: 'h', forgotten_at: NOW });
  const back: CustomerEvent = { type: 'customer.updated', customer_id, updated: ['email'], email: 'ada@example.com' };
  expect(after(created, forgotten, back)).toMatchObject({ email: 'ada@example.com', forgotten_at: null });
});
