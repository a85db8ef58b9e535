import { specification } from '#domain/testing/given';
import {
  after,
  changeTo,
  fold,
  JAN_31,
  missedOn,
  NO_USAGE,
  offerOf,
  paidOn,
  stateOf,
  subscribeTo,
  timePasses,
} from '#domain/testing/subscription.given';
import { decideSubscription } from './subscription.commands.ts';
import { chargesOf } from './subscription.events.ts';
import { dueAt } from './subscription.schedule.ts';
import { subscriptionStream } from './subscription.ts';

const given = specification({ ...subscriptionStream, decide: decideSubscription });

const FEB_28 = '2027-02-28T09:00:00.000Z';
const MAR_31 = '2027-03-31T09:00:00.000Z';
const pro = offerOf();
const active = after(subscribeTo(pro), paidOn(JAN_31, 'inv_first'));

describe('a subscription begins', () => {
  it('with its first payment, which gives the period that the invoice names', () => {
    const pending = after(subscribeTo(pro));
    expect(stateOf(pending)).toMatchObject({
      status: 'pending_payment',
      pending_until: '2027-02-01T09:00:00.000Z',
    });
    expect(chargesOf(pending)).toMatchObject([
      { invoice_id: 'inv_first', lines: [{ amount: 1_000, period: { start: JAN_31, end: FEB_28 } }] },
    ]);
    given(...pending)
      .when(paidOn('2027-01-31T10:00:00.000Z', 'inv_first'))
      .thenMatches([
        { type: 'subscription.activated', status: 'active', period_start: JAN_31, valid_until: FEB_28, trial: false },
      ]);
  });

  it('with the arrival of a transfer, which begins the period', () => {
    const pending = after(subscribeTo(pro, { due_days: 14, terms: { provider: 'bank_transfer' } }));
    expect(chargesOf(pending).at(-1)).toMatchObject({
      due_at: '2027-02-14T09:00:00.000Z',
      period: null,
      lines: [{ period: null }],
    });
    given(...pending)
      .when(paidOn('2027-02-10T12:00:00.000Z', 'inv_first'))
      .thenMatches([{ period_start: '2027-02-10T12:00:00.000Z', period_end: '2027-03-10T12:00:00.000Z' }]);
  });

  it('with its invoice, if the plan says so: the license is valid until it is due, then for the period', () => {
    const plan = offerOf({}, { activate_on: 'invoice' });
    const started = after(subscribeTo(plan, { due_days: 14, terms: { provider: 'bank_transfer' } }));
    expect(stateOf(started)).toMatchObject({
      status: 'active',
      valid_until: '2027-02-14T09:00:00.000Z',
      unpaid: ['inv_first'],
    });
    given(...started)
      .when(paidOn('2027-02-10T12:00:00.000Z', 'inv_first'))
      .thenMatches([{ type: 'subscription.renewed', valid_until: FEB_28, invoice_id: 'inv_first' }]);
  });

  it('at once, without an invoice, if it is free', () => {
    const free = after(subscribeTo(offerOf({ amount: 0 })));
    expect(stateOf(free)).toMatchObject({ status: 'active', unpaid: [], valid_until: FEB_28 });
    given(...free)
      .when(timePasses(FEB_28, offerOf({ amount: 0 })))
      .thenMatches([{ type: 'subscription.renewed', period_end: MAR_31, invoice_id: null }]);
  });

  it('with a trial, and periods that are counted from its end', () => {
    const trial = after(subscribeTo(pro, { trial_days: 14 }));
    const end = '2027-02-14T09:00:00.000Z';
    expect(stateOf(trial)).toMatchObject({ status: 'trialing', trial: { start: JAN_31, end }, unpaid: [] });
    expect(dueAt(fold(trial))).toBe('2027-02-11T09:00:00.000Z');
    const told = [...trial, ...decideSubscription(timePasses('2027-02-11T09:00:00.000Z', pro), fold(trial))];
    expect(told.at(-1)).toMatchObject({ type: 'subscription.trial_will_end', trial_end: end });
    given(...told)
      .when(timePasses(end, pro))
      .thenMatches([
        {
          type: 'subscription.renewal_invoiced',
          status: 'active',
          period_start: end,
          period_end: '2027-03-14T09:00:00.000Z',
          valid_until: end,
        },
      ]);
  });

  it('with a setup amount on the first invoice alone', () => {
    const offer = offerOf({ setup_amount: 500 });
    const events = after(subscribeTo(offer), paidOn(JAN_31, 'inv_first'), timePasses(FEB_28, offer));
    expect(
      chargesOf(events.slice(0, 1))
        .at(-1)
        ?.lines.map(({ amount }) => amount),
    ).toEqual([1_000, 500]);
    expect(
      chargesOf(events)
        .at(-1)
        ?.lines.map(({ amount }) => amount),
    ).toEqual([1_000]);
  });

  it('never, if no payment arrives in time, or the last attempt failed', () => {
    const pending = after(subscribeTo(pro));
    given(...pending)
      .when(timePasses('2027-02-01T09:00:00.000Z', pro))
      .thenMatches([{ type: 'subscription.expired', reason: 'payment_window' }]);
    given(...pending)
      .when(missedOn(JAN_31, 'inv_first'))
      .thenNothing();
    given(...pending)
      .when(missedOn(JAN_31, 'inv_first', true))
      .thenMatches([{ type: 'subscription.expired', reason: 'payment_failed' }]);
  });

  it('never, if its invoice is voided', () => {
    given(...after(subscribeTo(pro)))
      .when(paidOn(JAN_31, 'inv_first', false))
      .thenMatches([{ type: 'subscription.expired', reason: 'invoice_voided' }]);
  });

  it('only to a recurring price of a plan that is sold, and without a quantity if it is metered', () => {
    given()
      .when(subscribeTo(offerOf({ interval: null })))
      .thenRefused('PRICE_NOT_RECURRING');
    given()
      .when(subscribeTo(offerOf({}, { active: false })))
      .thenRefused('PLAN_INACTIVE');
    const usage = {
      feature: 'calls',
      aggregation: 'sum',
      tiers: null,
      tiers_mode: 'graduated',
      package_size: null,
    } as const;
    given()
      .when(subscribeTo(offerOf({ usage }), { terms: { quantity: 2 } }))
      .thenRefused('INVALID_QUANTITY');
    given(...active)
      .when(subscribeTo(pro))
      .thenRefused('SUBSCRIPTION_EXISTS');
  });
});

describe('a period ends', () => {
  it('and the next one is invoiced, counted from the anchor: Jan 31, Feb 28, Mar 31', () => {
    const once = [...active, ...decideSubscription(timePasses(FEB_28, pro), fold(active))];
    expect(once.at(-1)).toMatchObject({
      type: 'subscription.renewal_invoiced',
      period_start: FEB_28,
      period_end: MAR_31,
      valid_until: FEB_28,
    });
    given(...once)
      .when(paidOn(FEB_28, 'inv_2027-02-28'))
      .thenMatches([{ type: 'subscription.renewed', valid_until: MAR_31 }]);
  });

  it('once: the same end is not charged again', () => {
    const once = [...active, ...decideSubscription(timePasses(FEB_28, pro), fold(active))];
    given(...once)
      .when(timePasses(FEB_28, pro))
      .thenNothing();
  });

  it('with what was used in it', () => {
    const usage = {
      feature: 'calls',
      aggregation: 'sum',
      tiers: null,
      tiers_mode: 'graduated',
      package_size: null,
    } as const;
    const offer = offerOf({ usage, amount: 2 });
    const metered = after(subscribeTo(offer));
    expect(stateOf(metered)).toMatchObject({ status: 'active', unpaid: [] });
    const line = { ...chargesOf(active).at(-1)?.lines[0], kind: 'usage', amount: 84 } as never;
    given(...metered)
      .when(timePasses(FEB_28, offer, { usage: [line] }))
      .thenMatches([{ type: 'subscription.renewal_invoiced', charge: { lines: [{ amount: 84 }] } }]);
  });

  it('with the subscription, if it was canceled for then; a cancellation can be taken back before', () => {
    const cancel = {
      type: 'Cancel',
      now: JAN_31,
      when: 'period_end',
      reason: 'too expensive',
      feedback: null,
      ...NO_USAGE,
    } as const;
    const canceled = [...active, ...decideSubscription(cancel, fold(active))];
    expect(stateOf(canceled)).toMatchObject({ status: 'active', cancel_at_period_end: true });
    given(...canceled)
      .when(timePasses(FEB_28, pro))
      .thenMatches([{ type: 'subscription.canceled', reason: 'too expensive', valid_until: FEB_28 }]);
    given(...canceled)
      .when({ type: 'Resume' })
      .thenMatches([{ type: 'subscription.cancellation_scheduled', cancel_at_period_end: false }]);
  });

  it('after a notice thirty days before, if it is a year', () => {
    const yearly = offerOf({ interval: 'year', amount: 10_000 });
    const events = after(subscribeTo(yearly), paidOn(JAN_31, 'inv_first'));
    const notice = '2028-01-01T09:00:00.000Z';
    expect(dueAt(fold(events))).toBe(notice);
    given(...events)
      .when(timePasses(notice, yearly))
      .thenMatches([{ type: 'subscription.renewal_upcoming', amount: 10_000, renews_at: '2028-01-31T09:00:00.000Z' }]);
  });
});

describe('a discount', () => {
  const discount = {
    coupon_id: 'cpn_1',
    name: 'Half',
    percent_off: '50',
    amount_off: null,
    plans: null,
    duration: 'once',
    months: null,
    started_at: JAN_31,
    used: false,
  } as const;
  const discounts = (duration: 'once' | 'repeating' | 'forever', months: number | null = null): number[] => {
    const events = after(
      subscribeTo(pro, { discount: { ...discount, duration, months } }),
      paidOn(JAN_31, 'inv_first'),
      timePasses(FEB_28, pro),
      paidOn(FEB_28, 'inv_2027-02-28'),
      timePasses(MAR_31, pro),
    );
    return events.flatMap((event) =>
      'charge' in event && event.charge !== null ? [event.charge.discounts.length] : [],
    );
  };

  it('reduces one invoice, those of its months, or all', () => {
    expect(discounts('once')).toEqual([1, 0, 0]);
    expect(discounts('repeating', 1)).toEqual([1, 0, 0]);
    expect(discounts('repeating', 2)).toEqual([1, 1, 0]);
    expect(discounts('forever')).toEqual([1, 1, 1]);
  });
});

describe('a payment that is missing', () => {
  const invoiced = after(subscribeTo(pro), paidOn(JAN_31, 'inv_first'), timePasses(FEB_28, pro));
  const invoice = 'inv_2027-02-28';
  const late = [...invoiced, ...decideSubscription(missedOn(FEB_28, invoice), fold(invoiced))];

  it('makes the subscription past due, with a grace period', () => {
    expect(late.at(-1)).toMatchObject({
      type: 'subscription.past_due',
      past_due_at: FEB_28,
      grace_until: '2027-03-07T09:00:00.000Z',
    });
    given(...late)
      .when(missedOn(MAR_31, invoice))
      .thenNothing();
  });

  it('is reminded of on each day of the ladder once; days that were missed are one reminder', () => {
    const days: number[] = [];
    const events = [...late];
    for (const now of ['2027-03-01', '2027-03-01', '2027-03-08', '2027-03-14', '2027-03-15']) {
      const [event] = decideSubscription(timePasses(`${now}T09:00:00.000Z`, pro), fold(events));
      if (event === undefined) continue;
      events.push(event);
      if (event.type === 'subscription.reminded') days.push(event.day);
    }
    expect(days).toEqual([1, 7, 14]);
  });

  it('ends the grace period, and in the end the subscription', () => {
    const steps: string[] = [];
    const events = [...late];
    // More steps than there are: a step that is due again and again fails the test in place of hanging it.
    for (let step = 0; step < 9; step++) {
      const [event] = decideSubscription(timePasses('2027-04-30T09:00:00.000Z', pro), fold(events));
      if (event === undefined) break;
      events.push(event);
      steps.push(event.type);
    }
    expect(steps).toEqual(['subscription.reminded', 'subscription.grace_ended', 'subscription.canceled']);
    expect(events.at(-1)).toMatchObject({ reason: 'unpaid', canceled_at: '2027-03-30T09:00:00.000Z' });
  });

  it('recovers the subscription when it arrives: the period is valid', () => {
    given(...late)
      .when(paidOn('2027-03-05T09:00:00.000Z', invoice))
      .thenMatches([{ type: 'subscription.recovered', status: 'active', valid_until: MAR_31 }]);
    given(...late, ...decideSubscription(paidOn(FEB_28, invoice), fold(late)))
      .when(paidOn(FEB_28, invoice))
      .thenNothing();
  });

  it('begins the next period with the payment, if the license was suspended and the period is over', () => {
    const suspended = [...late];
    // It is reminded, and loses its grace.
    for (const _step of [1, 2])
      suspended.push(...decideSubscription(timePasses('2027-03-20T09:00:00.000Z', pro), fold(suspended)));
    const afterPeriod = '2027-04-02T09:00:00.000Z';
    given(...suspended)
      .when(paidOn(afterPeriod, invoice))
      .thenMatches([
        {
          type: 'subscription.recovered',
          period_start: FEB_28,
          period_end: afterPeriod,
          valid_until: afterPeriod,
          billing_anchor: afterPeriod,
        },
      ]);
    // The period is not over, or the license worked all the time: nothing moves.
    const stays = { type: 'subscription.recovered', period_end: MAR_31, valid_until: MAR_31, billing_anchor: JAN_31 };
    for (const when of ['2027-03-30T09:00:00.000Z', MAR_31])
      given(...suspended)
        .when(paidOn(when, invoice))
        .thenMatches([stays]);
    given(...late)
      .when(paidOn(afterPeriod, invoice))
      .thenMatches([stays]);
  });

  it('gives the period only with the invoice of the period, whichever was overdue', () => {
    const changed = [...invoiced];
    changed.push(...decideSubscription(changeTo('2027-03-01T09:00:00.000Z', pro, pro, { quantity: 2 }), fold(changed)));
    const other = stateOf(changed).latest_invoice_id ?? '';
    changed.push(...decideSubscription(missedOn('2027-03-02T09:00:00.000Z', other), fold(changed)));
    given(...changed)
      .when(paidOn('2027-03-03T09:00:00.000Z', other))
      .thenMatches([{ type: 'subscription.recovered', valid_until: FEB_28 }]);
  });

  it('does not recover it while another invoice is overdue', () => {
    const changed = [...invoiced];
    changed.push(...decideSubscription(changeTo('2027-03-01T09:00:00.000Z', pro, pro, { quantity: 2 }), fold(changed)));
    changed.push(...decideSubscription(missedOn(FEB_28, invoice), fold(changed)));
    const other = stateOf(changed).latest_invoice_id ?? '';
    changed.push(...decideSubscription(missedOn('2027-03-02T09:00:00.000Z', other), fold(changed)));
    given(...changed)
      .when(paidOn('2027-03-03T09:00:00.000Z', invoice))
      .thenMatches([{ type: 'subscription.invoice_settled', status: 'past_due' }]);
  });
});

describe('a change', () => {
  const team = offerOf(
    { amount: 3_000, plan_id: 'plan_2' },
    { plan_id: 'plan_2', name: 'Team' },
    { price_id: 'price_2' },
  );
  const middle = '2027-02-14T09:00:00.000Z';
  const sums = (now: string, to = team, from = active): number[] => {
    const [event] = decideSubscription(changeTo(now, pro, to), fold(from));
    return event?.type === 'subscription.plan_changed' ? (event.charge?.lines.map(({ amount }) => amount) ?? []) : [];
  };

  it('at once credits the unused time and charges the rest of the period, by the second', () => {
    expect(sums(middle)).toEqual([-500, 1_500]);
    expect(stateOf([...active, ...decideSubscription(changeTo(middle, pro, team), fold(active))])).toMatchObject({
      plan_id: 'plan_2',
      period: { start: JAN_31, end: FEB_28 },
      unpaid: ['inv_change_2027-02-14T09:00:00'],
    });
  });

  it('there and back in the same second nets to zero', () => {
    const there = [...active, ...decideSubscription(changeTo(middle, pro, team), fold(active))];
    const back = decideSubscription(
      changeTo('2027-02-14T09:00:00.900Z', team, pro, { invoice_id: 'inv_back' }),
      fold(there),
    );
    const amounts = [...there, ...back].flatMap((event) =>
      event.type === 'subscription.plan_changed' ? (event.charge?.lines.map(({ amount }) => amount) ?? []) : [],
    );
    expect(amounts.reduce((sum, amount) => sum + amount)).toBe(0);
  });

  it('to another interval begins a period of its own', () => {
    const yearly = offerOf({ interval: 'year', amount: 10_000 }, {}, { price_id: 'price_3' });
    expect(sums(middle, yearly)).toEqual([-500, 10_000]);
    given(...active)
      .when(changeTo(middle, pro, yearly))
      .thenMatches([{ period_start: middle, period_end: '2028-02-14T09:00:00.000Z', billing_anchor: middle }]);
    const changed = [...active, ...decideSubscription(changeTo(middle, pro, yearly), fold(active))];
    const invoice = stateOf(changed).latest_invoice_id ?? '';
    expect(stateOf(changed).valid_until).toBe(FEB_28);
    given(...changed)
      .when(paidOn(middle, invoice))
      .thenMatches([{ type: 'subscription.renewed', valid_until: '2028-02-14T09:00:00.000Z' }]);
    given(...changed)
      .when({ type: 'Refunded', now: FEB_28, invoice_id: invoice, reason: null, ends: true, last: NO_USAGE })
      .thenMatches([{ type: 'subscription.refunded' }, { type: 'subscription.canceled' }]);
  });

  it('credits nothing of a period that is not paid yet', () => {
    const started = after(
      subscribeTo(offerOf({}, { activate_on: 'invoice' }), {
        due_days: 14,
        terms: { provider: 'bank_transfer', quantity: 10 },
      }),
    );
    given(...started)
      .when(changeTo(middle, pro, pro, { quantity: 1 }))
      .thenRefused('INVOICE_UNPAID', { invoice_id: 'inv_first' });
    given(...started)
      .when(changeTo(middle, pro, pro, { quantity: 1, when: 'period_end' }))
      .thenMatches([{ type: 'subscription.change_scheduled' }]);
  });

  it('below what is in use is refused at once, and can be scheduled', () => {
    const in_use = { seats: 0, activations: 5 };
    given(...active)
      .when(changeTo(middle, pro, team, { in_use }))
      .thenRefused('IN_USE', { activations: { used: 5, max: 3 } });
    given(...active)
      .when(changeTo(middle, pro, team, { in_use, quantity: 2 }))
      .thenMatches([{ type: 'subscription.plan_changed', quantity: 2 }]);
    given(...active)
      .when(changeTo(middle, pro, team, { in_use, when: 'period_end' }))
      .thenMatches([{ type: 'subscription.change_scheduled', effective_at: FEB_28 }]);
  });

  it('that is scheduled is made at the end of the period and charged in full; it is refused if it does not fit by then', () => {
    const scheduled = [
      ...active,
      ...decideSubscription(changeTo(middle, pro, team, { when: 'period_end' }), fold(active)),
    ];
    const due = timePasses(FEB_28, pro, { next: { offer: team, fits: true } });
    const changed = [...scheduled, ...decideSubscription(due, fold(scheduled))];
    expect(changed.at(-1)).toMatchObject({ type: 'subscription.plan_changed', plan_id: 'plan_2', charge: null });
    given(...changed)
      .when(timePasses(FEB_28, team))
      .thenMatches([{ type: 'subscription.renewal_invoiced', charge: { lines: [{ amount: 3_000 }] } }]);
    given(...scheduled)
      .when({ ...due, next: { offer: team, fits: false } })
      .thenMatches([{ type: 'subscription.change_refused', reason: 'IN_USE', plan_id: 'plan_1' }]);
    given(...scheduled)
      .when(changeTo(middle, pro, pro))
      .thenMatches([{ type: 'subscription.change_scheduled', effective_at: null }]);
  });

  it('during a trial charges nothing', () => {
    const trial = after(subscribeTo(pro, { trial_days: 14 }));
    given(...trial)
      .when(changeTo('2027-02-02T09:00:00.000Z', pro, team))
      .thenMatches([{ type: 'subscription.plan_changed', status: 'trialing', charge: null }]);
    // Nor is usage of the trial charged by the price that was changed to.
    const changed = [...trial, ...decideSubscription(changeTo('2027-02-02T09:00:00.000Z', pro, team), fold(trial))];
    expect(stateOf(changed).priced?.prices).toEqual([]);
  });

  it('needs a plan of the same product, the same currency, and a price that is sold', () => {
    const refused = (to: typeof team, code: string) =>
      given(...active)
        .when(changeTo(middle, pro, to))
        .thenRefused(code);
    refused(offerOf({ product_id: 'prod_2' }, {}, { price_id: 'price_9' }), 'PLAN_OF_ANOTHER_PRODUCT');
    refused(offerOf({ currency: 'eur' }, {}, { price_id: 'price_9' }), 'CURRENCY_MISMATCH');
    refused(offerOf({}, {}, { price_id: 'price_9', active: false }), 'PLAN_INACTIVE');
    refused(offerOf({ interval: null }, {}, { price_id: 'price_9' }), 'PRICE_NOT_RECURRING');
  });
});

describe('a pause', () => {
  const middle = '2027-02-14T09:00:00.000Z';

  it('keeps the time that is left; the next periods are counted from the new end', () => {
    const paused = [
      ...active,
      ...decideSubscription({ type: 'Pause', now: middle, resumes_at: '2027-02-24T09:00:00.000Z' }, fold(active)),
    ];
    expect(dueAt(fold(paused))).toBe('2027-02-24T09:00:00.000Z');
    const end = '2027-03-10T09:00:00.000Z';
    given(...paused)
      .when(timePasses('2027-03-01T09:00:00.000Z', pro))
      .thenMatches([{ type: 'subscription.unpaused', period_end: end, valid_until: end, billing_anchor: end }]);
    // What was charged for the period lasts until its new end, so that a change credits all that is left.
    const resumed = [...paused, ...decideSubscription(timePasses('2027-03-01T09:00:00.000Z', pro), fold(paused))];
    expect(stateOf(resumed).basis?.until).toBe(end);
  });

  it('is followed by dunning, if an invoice became overdue meanwhile', () => {
    const invoiced = [...active, ...decideSubscription(changeTo(middle, pro, pro, { quantity: 2 }), fold(active))];
    const paused = [
      ...invoiced,
      ...decideSubscription({ type: 'Pause', now: middle, resumes_at: null }, fold(invoiced)),
    ];
    const missed = decideSubscription(missedOn(middle, stateOf(paused).latest_invoice_id ?? ''), fold(paused));
    const resumed = [...paused, ...missed];
    resumed.push(...decideSubscription({ type: 'Unpause', now: FEB_28 }, fold(resumed)));
    given(...resumed)
      .when(timePasses(FEB_28, pro))
      .thenMatches([{ type: 'subscription.past_due', past_due_at: FEB_28 }]);
  });

  it('must end later than now, and needs a subscription that is active', () => {
    given(...active)
      .when({ type: 'Pause', now: middle, resumes_at: middle })
      .thenRefused('INVALID_RESUME_TIME');
    given(...after(subscribeTo(pro)))
      .when({ type: 'Pause', now: middle, resumes_at: null })
      .thenRefused('INVALID_TRANSITION');
  });
});

describe('usage that is not charged when a subscription ends', () => {
  const line = { ...chargesOf(active).at(-1)?.lines[0], kind: 'usage', amount: 84 } as never;
  const last = {
    ...NO_USAGE,
    offer: pro,
    usage: [line],
    invoice_id: 'inv_last',
    usage_open_until: '2027-02-13T09:00:00.000Z',
  };
  const FEB_10 = '2027-02-10T09:00:00.000Z';
  const cancel = { type: 'Cancel', now: FEB_10, when: 'now', reason: null, feedback: null } as const;

  it('is charged at the end, whatever ends it', () => {
    const charge = { invoice_id: 'inv_last', lines: [{ amount: 84 }], due_at: FEB_10 };
    given(...active)
      .when({ ...cancel, ...last })
      .thenMatches([{ type: 'subscription.canceled', charge }]);
    given(...active)
      .when({ type: 'Refunded', now: FEB_10, invoice_id: 'inv_first', reason: null, ends: true, last })
      .thenMatches([{ type: 'subscription.refunded' }, { type: 'subscription.canceled', charge }]);
    const events = after(subscribeTo(pro), paidOn(JAN_31, 'inv_first'), timePasses(FEB_28, pro, { due_days: 14 }));
    const late = [...events, ...decideSubscription(missedOn(FEB_28, 'inv_2027-02-28'), fold(events))];
    const givenUp = '2027-03-30T09:00:00.000Z';
    const told = [1, 2, 3, 4, 5].reduce(
      (told) => [...told, ...decideSubscription(timePasses('2027-03-29T09:00:00.000Z', pro), fold(told))],
      late,
    );
    given(...told)
      .when(timePasses(givenUp, pro, last))
      .thenMatches([{ type: 'subscription.canceled', reason: 'unpaid', charge: { lines: [{ amount: 84 }] } }]);
  });

  it('is reduced by a fixed discount once, at the end or later', () => {
    const rest = {
      coupon_id: 'cpn_1',
      name: 'Off',
      plans: null,
      months: null,
      started_at: JAN_31,
      used: false,
    } as const;
    const discount = { ...rest, percent_off: null, amount_off: 50, duration: 'forever' } as const;
    const reduced = (usage: (typeof last)['usage']): number[] =>
      after(
        subscribeTo(pro, { discount }),
        paidOn(JAN_31, 'inv_first'),
        { ...cancel, ...last, usage },
        timePasses(last.usage_open_until, pro, { ...last, invoice_id: 'inv_late' }),
      )
        .slice(-2)
        .map((event) => ('charge' in event ? (event.charge?.discounts.length ?? 0) : 0));
    expect(reduced(last.usage)).toEqual([1, 0]);
    expect(reduced([])).toEqual([0, 1]);
  });

  it('is charged once more when nothing can follow, also if nothing was known at the end', () => {
    const canceled = after(subscribeTo(pro), paidOn(JAN_31, 'inv_first'), { ...cancel, ...last, usage: [] });
    expect(stateOf(canceled)).toMatchObject({ status: 'canceled', latest_invoice_id: 'inv_first' });
    expect(dueAt(fold(canceled))).toBe(last.usage_open_until);
    given(...canceled)
      .when(timePasses('2027-02-12T09:00:00.000Z', pro, { usage: [line] }))
      .thenNothing();
    const settled = [
      ...canceled,
      ...decideSubscription(
        timePasses(last.usage_open_until, pro, { ...last, invoice_id: 'inv_late' }),
        fold(canceled),
      ),
    ];
    expect(settled.at(-1)).toMatchObject({
      type: 'subscription.usage_settled',
      status: 'canceled',
      charge: { invoice_id: 'inv_late', due_at: last.usage_open_until, period: { start: JAN_31, end: FEB_10 } },
    });
    expect(stateOf(settled)).toMatchObject({ final_invoice_ids: ['inv_late'], unpaid: ['inv_late'] });
    expect(dueAt(fold(settled))).toBeNull();
    given(...settled)
      .when(paidOn(FEB_28, 'inv_late'))
      .thenMatches([{ type: 'subscription.invoice_settled', invoice_id: 'inv_late' }]);
  });

  it('is not awaited if no price is metered', () => {
    const canceled = after(subscribeTo(pro), paidOn(JAN_31, 'inv_first'), { ...cancel, ...NO_USAGE });
    expect(dueAt(fold(canceled))).toBeNull();
  });
});

describe('a refund', () => {
  const refund = { type: 'Refunded', now: FEB_28, reason: null, ends: true, last: NO_USAGE } as const;

  it('of the present period ends the subscription, if the plan says so', () => {
    given(...active)
      .when({ ...refund, invoice_id: 'inv_first' })
      .thenMatches([{ type: 'subscription.refunded' }, { type: 'subscription.canceled', reason: 'refunded' }]);
    given(...active)
      .when({ ...refund, invoice_id: 'inv_first', ends: false })
      .thenMatches([{ type: 'subscription.refunded', status: 'active' }]);
  });

  it('of an older invoice ends nothing', () => {
    const renewed = [...active, ...decideSubscription(timePasses(FEB_28, pro), fold(active))];
    given(...renewed)
      .when({ ...refund, invoice_id: 'inv_first' })
      .thenNothing();
  });
});

describe('a grant', () => {
  const endAfter = (from: string) => `${Number(from.slice(0, 4)) + 1}${from.slice(4)}`;
  const grant = (now: string, plan_id = 'plan_1') =>
    ({
      type: 'Grant',
      now,
      terms: { ...stateOf(active), provider: 'grant', price_id: null, plan_id },
      sole: true,
      endAfter,
      reason: 'beta tester',
      granted_by: 'ada',
      recipient_sealed: null,
    }) as const;
  const given_ = after(grant(JAN_31));

  it('gives a subscription, extends from the later of now and its end, and ends by itself', () => {
    expect(stateOf(given_)).toMatchObject({ status: 'active', valid_until: '2028-01-31T09:00:00.000Z' });
    given(...given_)
      .when(grant(FEB_28))
      .thenMatches([
        { type: 'subscription.renewed', period_end: '2029-01-31T09:00:00.000Z' },
        { type: 'subscription.granted', extended: true, period_end: '2029-01-31T09:00:00.000Z' },
      ]);
    given(...given_)
      .when(grant('2028-03-01T09:00:00.000Z'))
      .thenMatches([{ period_end: '2029-03-01T09:00:00.000Z' }, { type: 'subscription.granted' }]);
    given(...given_)
      .when(timePasses('2028-01-31T09:00:00.000Z', null))
      .thenMatches([{ type: 'subscription.expired', reason: 'grant_ended' }]);
  });

  it('is recorded with its reason and its giver', () => {
    expect(given_.at(-1)).toMatchObject({
      type: 'subscription.granted',
      extended: false,
      reason: 'beta tester',
      granted_by: 'ada',
    });
  });

  it('leaves a subscription that is paid, or has another plan', () => {
    given(...active)
      .when(grant(FEB_28))
      .thenRefused('SUBSCRIPTION_EXISTS');
    given(...given_)
      .when(grant(FEB_28, 'plan_2'))
      .thenRefused('SUBSCRIPTION_EXISTS');
  });
});
