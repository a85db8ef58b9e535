import fc from 'fast-check';
import { specification } from '#domain/testing/given';
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
import { periodBoundary } from '../../shared/calendar.ts';
import { addDays, type Time } from '../../shared/time.ts';
import { decideSubscription } from './subscription.commands.ts';
import { chargesOf } from './subscription.events.ts';
import type { ObserveSubscription, SubscriptionObservation } from './subscription.mirror.ts';
import { nextStep } from './subscription.schedule.ts';
import { subscriptionStream } from './subscription.ts';

const RUNS = process.env['CI'] === 'true' ? 10_000 : 1_000;

const FEB_28 = '2027-02-28T09:00:00.000Z';
const MAR_31 = '2027-03-31T09:00:00.000Z';
const MONTH = { unit: 'month', count: 1 } as const;

const given = specification({ ...subscriptionStream, decide: decideSubscription });
const pro = offerOf();

const observed = (over: Partial<SubscriptionObservation> = {}): ObserveSubscription => ({
  type: 'ObserveSubscription',
  observation: {
    provider_id: 'sub_stripe',
    status: 'active',
    item: { plan_id: 'plan_1', price_id: 'price_1', quantity: 1, interval: MONTH },
    period: { start: JAN_31, end: FEB_28 },
    billing_anchor: JAN_31,
    cancel_at_period_end: false,
    canceled_at: null,
    cancel_reason: null,
    paused_at: null,
    resumes_at: null,
    invoice_id: 'inv_1',
    observed_at: JAN_31,
    ...over,
  },
  grace_days: 7,
  reminder_days: [1, 3, 7, 14],
  unpaid_days: 30,
  recipient_sealed: null,
});

const STRIPE = { biller: 'stripe', provider: 'stripe' } as const;
const pending = after(subscribeTo(pro, { terms: STRIPE }));
const active = after(subscribeTo(pro, { terms: STRIPE }), observed());
const next = { start: FEB_28, end: MAR_31 };

describe('a subscription that Stripe bills', () => {
  it('waits for Stripe and asks for no invoice, also if the price is free or has a trial', () => {
    for (const [offer, trial_days] of [
      [pro, 0],
      [pro, 14],
      [offerOf({ amount: 0 }), 0],
    ] as const) {
      const begun = after(subscribeTo(offer, { terms: STRIPE, trial_days }));
      expect(stateOf(begun)).toMatchObject({ status: 'pending_payment', unpaid: [] });
      expect(chargesOf(begun)).toEqual([]);
    }
  });

  it('begins with its first payment, with the quantity that was bought', () => {
    const item = { plan_id: 'plan_1', price_id: 'price_1', quantity: 3, interval: MONTH };
    given(...pending)
      .when(observed({ item }))
      .thenMatches([
        { type: 'subscription.observed', provider_id: 'sub_stripe', invoice_id: 'inv_1' },
        { type: 'subscription.activated', status: 'active', valid_until: FEB_28, trial: false, paid: true },
        { type: 'subscription.plan_changed', quantity: 3, previous_quantity: 1, charge: null },
      ]);
  });

  it('begins with a trial, which the first paid period follows', () => {
    const trial = { start: JAN_31, end: '2027-02-14T09:00:00.000Z' };
    const trying = after(subscribeTo(pro, { terms: STRIPE }), observed({ status: 'trialing', period: trial }));
    expect(stateOf(trying)).toMatchObject({ status: 'trialing', trial, valid_until: trial.end });
    given(...trying)
      .when(observed({ period: { start: trial.end, end: '2027-03-14T09:00:00.000Z' }, observed_at: trial.end }))
      .thenMatches([{}, { type: 'subscription.renewed', status: 'active', valid_until: '2027-03-14T09:00:00.000Z' }]);
  });

  it('expires if its first payment fails for good', () => {
    given(...pending)
      .when(observed({ status: 'expired', period: null, canceled_at: FEB_28 }))
      .thenMatches([{}, { type: 'subscription.expired', reason: 'payment_failed', expired_at: FEB_28 }]);
  });

  it('is renewed', () => {
    given(...active)
      .when(observed({ period: next, invoice_id: 'inv_2', observed_at: FEB_28 }))
      .thenMatches([
        { invoice_id: 'inv_2' },
        { type: 'subscription.renewed', valid_until: MAR_31, invoice_id: 'inv_2' },
      ]);
  });

  it('is past due with the grace of its plan, and recovers', () => {
    const seen = { period: next, invoice_id: 'inv_2' };
    const missed = [...active];
    given(...missed)
      .when(observed({ ...seen, status: 'past_due', observed_at: FEB_28 }))
      .thenMatches([{}, { type: 'subscription.past_due', invoice_id: 'inv_2', grace_until: addDays(FEB_28, 7) }]);
    missed.push(...decideSubscription(observed({ ...seen, status: 'past_due', observed_at: FEB_28 }), fold(missed)));
    given(...missed)
      .when(observed({ ...seen, observed_at: addDays(FEB_28, 2) }))
      .thenMatches([{}, { type: 'subscription.recovered', valid_until: MAR_31, invoice_id: 'inv_2' }]);
  });

  it('is only told of by our ladder: reminders and the end of grace, but never an end', () => {
    const events = after(
      subscribeTo(pro, { terms: STRIPE }),
      observed(),
      observed({ status: 'past_due', observed_at: FEB_28 }),
    );
    const told: string[] = [];
    for (let day = 0; day < 90; day++) {
      const made = decideSubscription(timePasses(addDays(FEB_28, day), pro), fold(events));
      events.push(...made);
      told.push(...made.map(({ type }) => type.replace('subscription.', '')));
    }
    expect(told).toEqual(['reminded', 'reminded', 'reminded', 'grace_ended', 'reminded']);
    expect(stateOf(events).status).toBe('past_due');
    expect(nextStep(stateOf(events))).toBeUndefined();
  });

  it('is neither renewed nor ended by time', () => {
    given(...active)
      .when(timePasses('2028-01-01T00:00:00.000Z', pro))
      .thenNothing();
    given(...pending)
      .when(timePasses('2028-01-01T00:00:00.000Z', pro))
      .thenNothing();
  });

  it('is paused and unpaused', () => {
    const paused = [...active, ...decideSubscription(observed({ status: 'paused', paused_at: FEB_28 }), fold(active))];
    expect(stateOf(paused)).toMatchObject({ status: 'paused', paused_at: FEB_28 });
    given(...paused)
      .when(observed({ period: next, observed_at: MAR_31 }))
      .thenMatches([{}, { type: 'subscription.unpaused', status: 'active', valid_until: MAR_31 }]);
  });

  it('ends at the end of its period, or at once', () => {
    given(...active)
      .when(observed({ cancel_at_period_end: true, cancel_reason: 'too_expensive' }))
      .thenMatches([{}, { type: 'subscription.cancellation_scheduled', ends_at: FEB_28, reason: 'too_expensive' }]);
    given(...active)
      .when(observed({ status: 'canceled', canceled_at: '2027-02-10T00:00:00.000Z', cancel_at_period_end: true }))
      .thenMatches([{}, { type: 'subscription.canceled', valid_until: '2027-02-10T00:00:00.000Z', charge: null }]);
  });

  it('changes nothing for what is known, is older, or comes after the end', () => {
    given(...active)
      .when(observed({ observed_at: MAR_31 }))
      .thenNothing();
    given(...active)
      .when(observed({ status: 'past_due', observed_at: '2027-01-31T08:59:59.999Z' }))
      .thenNothing();
    const canceled = decideSubscription(observed({ status: 'canceled', canceled_at: FEB_28 }), fold(active));
    given(...active, ...canceled)
      .when(observed({ observed_at: MAR_31 }))
      .thenNothing();
  });

  it('is changed at Stripe, and not here', () => {
    for (const command of [
      changeTo(JAN_31, pro, offerOf({}, {}, { price_id: 'price_2' })),
      { type: 'Cancel', now: JAN_31, when: 'now', reason: null, feedback: null, ...NO_USAGE },
      { type: 'Resume' },
      { type: 'Pause', now: JAN_31, resumes_at: null },
      { type: 'Unpause', now: JAN_31 },
      { type: 'SetDiscount', discount: null },
    ] as const)
      given(...active)
        .when(command)
        .thenRefused('BILLED_BY_PROVIDER');
    given(...after(subscribeTo(pro)))
      .when(observed())
      .thenRefused('BILLED_BY_KEYLEDGER');
  });

  it('is not ended here by a refund: that is done at Stripe too', () => {
    given(...active)
      .when({ type: 'Refunded', now: FEB_28, invoice_id: 'inv_1', reason: null, ends: true, last: NO_USAGE })
      .thenMatches([{ type: 'subscription.refunded' }]);
  });

  it('comes to what Stripe says, whatever is observed twice, late or never', () => {
    fc.assert(
      fc.property(truths, fc.array(fc.nat(50), { maxLength: 20 }), (truth, order) => {
        const seen = [...order.map((n) => truth[n % truth.length] ?? last(truth)), last(truth), last(truth)];
        const events = [...active];
        for (const observation of seen) {
          const before = fold(events);
          events.push(...decideSubscription(observed(observation), before));
          const present = fold(events);
          if (before.status === 'canceled') expect(present).toEqual(before);
        }
        const { status, item, period, invoice_id, cancel_at_period_end } = last(truth);
        const state = stateOf(events);
        const { interval: _interval, ...known } = item;
        expect(state).toMatchObject({ status, ...known, latest_invoice_id: invoice_id });
        if (status !== 'canceled') expect(state.cancel_at_period_end).toBe(cancel_at_period_end);
        // A period that is not paid begins with its payment.
        if (status === 'active' || status === 'trialing')
          expect(state).toMatchObject({ period, valid_until: period?.end });
        expect((state.past_due === null) === (status !== 'past_due')).toBe(true);
        expect(decideSubscription(observed(last(truth)), state)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});

const last = (truth: readonly SubscriptionObservation[]): SubscriptionObservation =>
  truth.at(-1) ?? observed().observation;

/** States of a subscription at Stripe, one after the other; nothing follows its end. */
const truths = fc
  .array(
    fc.record({
      status: fc.constantFrom('active', 'active', 'trialing', 'past_due', 'paused', 'canceled' as const),
      moves: fc.boolean(),
      price_id: fc.constantFrom('price_1', 'price_2'),
      quantity: fc.integer({ min: 1, max: 3 }),
      cancel_at_period_end: fc.boolean(),
      minutes: fc.integer({ min: 1, max: 90_000 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((states) => {
    const ended = states.findIndex(({ status }) => status === 'canceled');
    let [n, now] = [0, JAN_31 as Time];
    return (ended === -1 ? states : states.slice(0, ended + 1)).map(
      ({ status, moves, price_id, quantity, cancel_at_period_end, minutes }): SubscriptionObservation => {
        n += moves ? 1 : 0;
        now = new Date(Date.parse(now) + minutes * 60_000).toISOString();
        const period = { start: periodBoundary(JAN_31, MONTH, n), end: periodBoundary(JAN_31, MONTH, n + 1) };
        return observed({
          status,
          period,
          item: { plan_id: 'plan_1', price_id, quantity, interval: MONTH },
          cancel_at_period_end,
          canceled_at: status === 'canceled' ? now : null,
          paused_at: status === 'paused' ? now : null,
          invoice_id: `inv_${n}`,
          observed_at: now,
        }).observation;
      },
    );
  });
