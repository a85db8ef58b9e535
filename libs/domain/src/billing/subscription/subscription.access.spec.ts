import {
  after,
  JAN_31,
  missedOn,
  offerOf,
  paidOn,
  stateOf,
  subscribeTo,
  timePasses,
  NO_USAGE,
} from '#domain/testing/subscription.given';
import { accessOf, type Candidate, eligibilityOf, type FeatureValue } from './subscription.access.ts';
import type { SubscriptionCommand } from './subscription.commands.ts';
import type { Subscription } from './subscription.ts';

const FEB_10 = '2027-02-10T09:00:00.000Z';
const FEB_28 = '2027-02-28T09:00:00.000Z';
const pro = offerOf();

const subscribed = (...then: readonly SubscriptionCommand[]): Subscription =>
  stateOf(after(subscribeTo(pro), paidOn(JAN_31, 'inv_first'), ...then));

const cancel = (now: string, when: 'now' | 'period_end'): SubscriptionCommand => ({
  type: 'Cancel',
  now,
  when,
  reason: null,
  feedback: null,
  ...NO_USAGE,
});

describe('a subscription gives access', () => {
  it('while it is active, also when its renewal is a moment late', () => {
    expect(accessOf(subscribed(), false, FEB_10)).toBe('given');
    expect(accessOf(subscribed(), false, '2027-02-28T09:00:01.000Z')).toBe('given');
  });

  it('in a trial', () => {
    const trial = stateOf(after(subscribeTo(pro, { trial_days: 14 })));
    expect(accessOf(trial, false, FEB_10)).toBe('given');
  });

  it('until the end of the period in which it was canceled', () => {
    const canceled = subscribed(cancel(FEB_10, 'period_end'));
    expect(accessOf(canceled, false, '2027-02-28T08:59:59.999Z')).toBe('given');
    expect(accessOf(canceled, false, FEB_28)).toBe('none');
    expect(accessOf(subscribed(cancel(FEB_10, 'now')), false, FEB_10)).toBe('none');
  });

  it('in the grace after a missed payment', () => {
    const missed = subscribed(timePasses(FEB_28, pro), missedOn(FEB_28, 'inv_2027-02-28'));
    expect(missed.status).toBe('past_due');
    expect(accessOf(missed, false, '2027-03-07T08:59:59.999Z')).toBe('given');
    expect(accessOf(missed, false, '2027-03-07T09:00:00.000Z')).toBe('none');
  });

  it('while it is paused, if the plan keeps licenses', () => {
    const paused = subscribed({ type: 'Pause', now: FEB_10, resumes_at: null });
    expect(accessOf(paused, true, FEB_10)).toBe('given');
    expect(accessOf(paused, false, FEB_10)).toBe('none');
  });

  it('not before its first payment, for which there is a time', () => {
    const pending = stateOf(after(subscribeTo(pro)));
    expect(accessOf(pending, false, JAN_31)).toBe('unpaid');
    expect(accessOf(pending, false, '2027-02-01T09:00:00.000Z')).toBe('none');
  });
});

describe('a subscriber is eligible', () => {
  const having = (state: Subscription, features: Record<string, FeatureValue> = {}, id = 'sub_1'): Candidate => ({
    id,
    state,
    plan: { keeps_paused: false, features: new Map(Object.entries(features)) },
  });
  const active = subscribed();
  const pending = stateOf(after(subscribeTo(pro)));

  it('for a product, and for the features of the plan with their values', () => {
    expect(eligibilityOf([having(active)], undefined, FEB_10)).toEqual({
      eligible: true,
      subscription_id: 'sub_1',
      value: null,
    });
    const features = { sso: true, calls: 100, region: 'eu', exports: null, zero: 0 };
    for (const [feature, value] of Object.entries(features))
      expect(eligibilityOf([having(active, features)], feature, FEB_10)).toMatchObject({ eligible: true, value });
  });

  it.each<[string, Record<string, FeatureValue>]>([
    ['is not in the plan', {}],
    ['is false', { sso: false }],
  ])('not for a feature that %s', (_, features) => {
    expect(eligibilityOf([having(active, features)], 'sso', FEB_10)).toEqual({
      eligible: false,
      code: 'FEATURE_NOT_INCLUDED',
    });
  });

  it('if one of several subscriptions includes the feature', () => {
    const several = [having(pending), having(active), having(active, { sso: true }, 'sub_2')];
    expect(eligibilityOf(several, 'sso', JAN_31)).toMatchObject({ eligible: true, subscription_id: 'sub_2' });
  });

  it('not without a subscription, and not before the first payment', () => {
    expect(eligibilityOf([], undefined, FEB_10)).toEqual({ eligible: false, code: 'NOT_SUBSCRIBED' });
    expect(eligibilityOf([having(pending)], 'sso', JAN_31)).toEqual({
      eligible: false,
      code: 'COMPLETE_PAYMENT',
      subscription_id: 'sub_1',
    });
  });
});
