import { idempotencyKeyOf } from './idempotency-key.ts';

const payment = { payment_id: 'pay_1', invoice_id: 'inv_1', subscription_id: 'sub_1', attempt: 0 };

describe('the idempotency key of a payment', () => {
  it.each([
    ['the first of a subscription', 'subscription_create', {}, 'sub_1'],
    ['a later attempt of the first invoice', 'subscription_create', { attempt: 1 }, 'pay_1'],
    ['the first attempt of a renewal', 'subscription_cycle', {}, 'inv_1'],
    ['a later attempt of a renewal', 'subscription_cycle', { attempt: 4 }, 'pay_1'],
    ['the first attempt of a change', 'subscription_update', {}, 'inv_1'],
    ['the first attempt of an invoice without a subscription', 'manual', { subscription_id: null }, 'inv_1'],
    ['a later attempt of such an invoice', 'manual', { subscription_id: null, attempt: 2 }, 'pay_1'],
  ] as const)('%s (%s)', (_name, reason, over, key) => {
    expect(idempotencyKeyOf({ ...payment, ...over }, reason)).toBe(key);
  });
});
