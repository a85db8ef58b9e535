import type { Subscription } from '#domain/billing/subscription/subscription';

/** A migration of prices, as far as it decides which subscriptions are moved. */
export interface WantedMove {
  readonly from_price_id: string;
  readonly to_price_id: string;
  readonly at: 'now' | 'period_end';
}

/**
 * Why a subscription is not moved; undefined = it is moved. One that has the new price, or ends before it would pay it, is skipped.
 * A change that its subscriber has scheduled is not replaced: that is a failure, which a person decides.
 */
export const reasonNotToMove = (
  state: Subscription,
  { from_price_id, to_price_id, at }: WantedMove,
): readonly ['skipped' | 'failed', string] | undefined => {
  const { pending_change } = state;
  if (state.status === 'canceled' || state.status === 'expired') return ['skipped', 'SUBSCRIPTION_ENDED'];
  if (state.price_id === to_price_id) return ['skipped', 'HAS_PRICE'];
  if (state.price_id !== from_price_id) return ['skipped', 'PRICE_CHANGED'];
  if (state.cancel_at_period_end) return ['skipped', 'ENDS_WITH_PERIOD'];
  if (pending_change === null) return undefined;
  const isSame = pending_change.price_id === to_price_id;
  if (isSame && at === 'period_end') return ['skipped', 'CHANGE_SCHEDULED'];
  return isSame && pending_change.quantity === state.quantity ? undefined : ['failed', 'CHANGE_SCHEDULED'];
};
