import { offerOf } from '#domain/testing/subscription.given';
import { tooSmall } from './offer.ts';

describe('what is in use', () => {
  const { plan } = offerOf({}, { max_seats: 5, max_activations: null });

  it('fits if it is as much as the plan has, for each unit of quantity', () => {
    expect(tooSmall(plan, 1, { seats: 5, activations: 1_000 })).toBeUndefined();
    expect(tooSmall(plan, 2, { seats: 10, activations: 0 })).toBeUndefined();
  });

  it('does not fit if it is more', () => {
    expect(tooSmall(plan, 1, { seats: 6, activations: 0 })).toEqual({ seats: { used: 6, max: 5 } });
  });
});
