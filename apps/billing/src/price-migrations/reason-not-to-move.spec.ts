import type { Subscription } from '#domain/billing/subscription/subscription';
import { reasonNotToMove } from './reason-not-to-move.ts';

const of = (changes: Partial<Subscription>): Subscription =>
  ({
    status: 'active',
    price_id: 'price_old',
    quantity: 2,
    cancel_at_period_end: false,
    pending_change: null,
    ...changes,
  }) as Subscription;
const scheduled = (price_id: string, quantity = 2) => ({
  pending_change: { plan_id: 'plan_1', price_id, quantity, effective_at: '2027-01-31T09:00:00.000Z' },
});
const move = (at: 'now' | 'period_end') => ({ from_price_id: 'price_old', to_price_id: 'price_new', at });

describe('a subscription of an old price', () => {
  it.each([
    [{}, 'now', undefined],
    [{ status: 'past_due' }, 'now', undefined],
    [{ status: 'canceled' }, 'now', ['skipped', 'SUBSCRIPTION_ENDED']],
    [{ price_id: 'price_new' }, 'period_end', ['skipped', 'HAS_PRICE']],
    [{ price_id: 'price_other' }, 'now', ['skipped', 'PRICE_CHANGED']],
    [{ cancel_at_period_end: true }, 'period_end', ['skipped', 'ENDS_WITH_PERIOD']],
    [scheduled('price_new'), 'period_end', ['skipped', 'CHANGE_SCHEDULED']],
    [scheduled('price_new'), 'now', undefined],
    [scheduled('price_new', 3), 'now', ['failed', 'CHANGE_SCHEDULED']],
    [scheduled('price_other'), 'period_end', ['failed', 'CHANGE_SCHEDULED']],
    [scheduled('price_old', 3), 'period_end', ['failed', 'CHANGE_SCHEDULED']],
  ] as const)('with %j is moved at %s, or not: %j', (changes, at, reason) => {
    expect(reasonNotToMove(of(changes), move(at))).toEqual(reason);
  });
});
