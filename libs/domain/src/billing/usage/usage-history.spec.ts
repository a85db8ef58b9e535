import { usageOf } from '#domain/testing/prices';
import {
  after,
  changeTo,
  fold,
  JAN_31,
  NO_USAGE,
  offerOf,
  stateOf,
  subscribeTo,
  timePasses,
} from '#domain/testing/subscription.given';
import type { WantedLine } from '../invoice/invoice.lines.ts';
import { usageLines } from '../pricing/usage.ts';
import type { Offer } from '../subscription/offer.ts';
import { decideSubscription } from '../subscription/subscription.commands.ts';
import type { SubscriptionEvent } from '../subscription/subscription.events.ts';
import { chargedStretches, stretchesOf } from './usage-history.ts';

const FEB_10 = '2027-02-10T09:00:00.000Z';
const FEB_28 = '2027-02-28T09:00:00.000Z';
const MAR_31 = '2027-03-31T09:00:00.000Z';

const metered = offerOf({ amount: 5, usage: usageOf() });
const dearer = offerOf({ amount: 7, usage: usageOf() }, {}, { price_id: 'price_2' });
const flat = offerOf({}, { plan_id: 'plan_flat' }, { price_id: 'price_flat' });

const charge = (offer: Offer, used: number, start: string, end: string, billed?: string): WantedLine[] =>
  usageLines(
    { ...offer.price, id: offer.price_id },
    used,
    { start, end },
    'API calls',
    billed === undefined ? null : { billed },
  ).map((line) => ({ ...line, used: String(used) }));

const open = (events: readonly SubscriptionEvent[], until: string) => stretchesOf(stateOf(events).priced, until);

describe('usage that was not charged yet', () => {
  it('begins with the period, and again with each period that was charged', () => {
    const begun = after(subscribeTo(metered));
    expect(open(begun, FEB_28)).toEqual([{ price_id: 'price_1', start: JAN_31, end: FEB_28 }]);
    const renewed = after(subscribeTo(metered), timePasses(FEB_28, metered));
    expect(renewed.at(-1)).toMatchObject({ type: 'subscription.renewed' });
    expect(open(renewed, MAR_31)).toEqual([{ price_id: 'price_1', start: FEB_28, end: MAR_31 }]);
  });

  it('ends with the moment that is asked for', () => {
    expect(open(after(subscribeTo(metered)), FEB_10)).toEqual([{ price_id: 'price_1', start: JAN_31, end: FEB_10 }]);
    expect(open(after(subscribeTo(metered)), JAN_31)).toEqual([]);
  });

  it('costs what the price of its time says', () => {
    const changed = after(subscribeTo(metered), changeTo(FEB_10, metered, dearer));
    expect(open(changed, FEB_28)).toEqual([
      { price_id: 'price_1', start: JAN_31, end: FEB_10 },
      { price_id: 'price_2', start: FEB_10, end: FEB_28 },
    ]);
  });

  it('is not lost when a flat price follows, now or with the next period', () => {
    const now = after(subscribeTo(metered), changeTo(FEB_10, metered, flat));
    expect(open(now, FEB_28)[0]).toEqual({ price_id: 'price_1', start: JAN_31, end: FEB_10 });
    const scheduled = after(
      subscribeTo(metered),
      changeTo(FEB_10, metered, flat, { when: 'period_end' }),
      timePasses(FEB_28, metered, { next: { offer: flat, fits: true } }),
    );
    expect(scheduled.at(-1)).toMatchObject({ type: 'subscription.plan_changed', changed_at: FEB_28 });
    expect(open(scheduled, FEB_28)).toEqual([{ price_id: 'price_1', start: JAN_31, end: FEB_28 }]);
    const renewed = [...scheduled, ...decideSubscription(timePasses(FEB_28, flat), fold(scheduled))];
    expect(open(renewed, MAR_31)).toEqual([{ price_id: 'price_flat', start: FEB_28, end: MAR_31 }]);
  });

  it('is free during a trial', () => {
    const trial = after(subscribeTo(metered, { trial_days: 14 }));
    const ends = '2027-02-14T09:00:00.000Z';
    expect(open(trial, ends)).toEqual([]);
    const paying = after(
      subscribeTo(metered, { trial_days: 14 }),
      timePasses(ends, metered),
      timePasses(ends, metered),
    );
    expect(open(paying, MAR_31)[0]).toMatchObject({ start: ends });
    expect(chargedStretches(paying)).toEqual([]);
  });

  it('stays as it is while a subscription is paused', () => {
    const paused = after(
      subscribeTo(metered),
      { type: 'Pause', now: FEB_10, resumes_at: null },
      { type: 'Unpause', now: FEB_28 },
    );
    expect(open(paused, MAR_31)).toEqual([{ price_id: 'price_1', start: JAN_31, end: MAR_31 }]);
  });
});

describe('usage that was charged', () => {
  const first = after(subscribeTo(metered), timePasses(FEB_28, metered, { usage: charge(metered, 7, JAN_31, FEB_28) }));

  it('is what the lines of a decided charge say', () => {
    expect(chargedStretches(first)).toEqual([{ price_id: 'price_1', start: JAN_31, end: FEB_28, billed: '7' }]);
  });

  it('is nothing for a period without usage', () => {
    const unused = after(subscribeTo(metered), timePasses(FEB_28, metered));
    expect(chargedStretches(unused)).toEqual([{ price_id: 'price_1', start: JAN_31, end: FEB_28, billed: '0' }]);
  });

  it('includes late usage that a later charge contains', () => {
    const usage = [...charge(metered, 2, FEB_28, MAR_31), ...charge(metered, 9, JAN_31, FEB_28, '7')];
    const second = [...first, ...decideSubscription(timePasses(MAR_31, metered, { usage }), fold(first))];
    expect(chargedStretches(second)).toEqual([
      { price_id: 'price_1', start: JAN_31, end: FEB_28, billed: '9' },
      { price_id: 'price_1', start: FEB_28, end: MAR_31, billed: '2' },
    ]);
  });

  it('includes the last charge of a subscription that was canceled', () => {
    const usage = charge(metered, 3, JAN_31, FEB_10);
    const canceled = after(subscribeTo(metered), {
      type: 'Cancel',
      now: FEB_10,
      when: 'now',
      reason: null,
      feedback: null,
      ...NO_USAGE,
      offer: metered,
      usage,
      invoice_id: 'inv_last',
    });
    expect(chargedStretches(canceled)).toEqual([{ price_id: 'price_1', start: JAN_31, end: FEB_10, billed: '3' }]);
  });
});
