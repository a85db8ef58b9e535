import fc from 'fast-check';
import {
  changeTo,
  fold,
  JAN_31,
  missedOn,
  offerOf,
  paidOn,
  subscribeTo,
  timePasses,
  NO_USAGE,
} from '#domain/testing/subscription.given';
import { addDays } from '../../shared/time.ts';
import { Refusal } from '../../shared/refusal.ts';
import { decideSubscription, type SubscriptionCommand } from './subscription.commands.ts';
import { chargesOf, type SubscriptionEvent } from './subscription.events.ts';

const RUNS = process.env['CI'] === 'true' ? 10_000 : 1_000;

const offers = [
  offerOf(),
  offerOf({ amount: 3_333, plan_id: 'plan_2' }, { plan_id: 'plan_2', name: 'Team' }, { price_id: 'price_2' }),
  offerOf({ amount: 10_000, interval: 'year' }, {}, { price_id: 'price_3' }),
  offerOf({ amount: 0 }, {}, { price_id: 'price_4' }),
];
const offerWith = (price_id: string | null) => offers.find((offer) => offer.price_id === price_id) ?? offers[0];

/** What may happen, in any order; `after` days since the last. */
const happenings = fc.record({
  after: fc.constantFrom(0, 0, 0.25, 1, 3, 10, 31),
  what: fc.constantFrom(
    'time',
    'time',
    'time',
    'paid',
    'paid',
    'missed',
    'failed',
    'change',
    'schedule',
    'cancel',
    'cancel_at_end',
    'resume',
    'pause',
    'unpause',
    'refund',
    'paid_again',
  ),
  n: fc.nat(7),
});

const starts = fc.record({
  offer: fc.constantFrom(...offers),
  trial_days: fc.constantFrom(0, 0, 14),
  transfer: fc.boolean(),
});

/** Runs happenings against a subscription; refusals change nothing. */
const live = (
  { offer, trial_days, transfer }: { offer: (typeof offers)[number]; trial_days: number; transfer: boolean },
  script: readonly { after: number; what: string; n: number }[],
): SubscriptionEvent[] => {
  const due_days = transfer ? 14 : null;
  const events = [...decideSubscription(subscribeTo(offer, { trial_days, due_days }), fold([]))];
  let now = JAN_31;
  const issued = (): string[] => chargesOf(events).map(({ invoice_id }) => invoice_id);
  for (const { after, what, n } of script) {
    now = addDays(now, after);
    const state = fold(events);
    if (state.status === 'none') throw new Error('there is no subscription');
    const from = offerWith(state.price_id) ?? offer;
    const to = offers[n % offers.length] ?? offer;
    const some = issued()[n % Math.max(1, issued().length)] ?? 'inv_none';
    const invoice_id = `inv_${events.length}`;
    const change = (when: 'now' | 'period_end') =>
      changeTo(now, from, to, { when, invoice_id, due_days, quantity: 1 + (n % 2) });
    const ending = { reason: null, feedback: null, ...NO_USAGE, offer: from, invoice_id };
    const commands: Readonly<Record<string, SubscriptionCommand>> = {
      time: timePasses(now, from, {
        invoice_id,
        due_days,
        next: state.pending_change && { offer: offerWith(state.pending_change.price_id) ?? offer, fits: n > 1 },
      }),
      paid: paidOn(now, state.unpaid[0] ?? 'inv_none'),
      paid_again: paidOn(now, some),
      missed: missedOn(now, some),
      failed: missedOn(now, some, true),
      change: change('now'),
      schedule: change('period_end'),
      cancel: { type: 'Cancel', now, when: 'now', ...ending },
      cancel_at_end: { type: 'Cancel', now, when: 'period_end', ...ending },
      resume: { type: 'Resume' },
      pause: { type: 'Pause', now, resumes_at: n > 3 ? addDays(now, n) : null },
      unpause: { type: 'Unpause', now },
      refund: { type: 'Refunded', now, invoice_id: some, reason: null, ends: n > 3, last: NO_USAGE },
    };
    const command = commands[what];
    if (command === undefined) throw new Error(what);
    // Whatever is due is done before a command, as the service does it.
    try {
      events.push(...decideSubscription(command, state));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
  return events;
};

const property = (check: (events: readonly SubscriptionEvent[]) => void) =>
  fc.assert(
    fc.property(starts, fc.array(happenings, { maxLength: 40 }), (start, script) => check(live(start, script))),
    { numRuns: RUNS },
  );

describe('whatever happens to a subscription', () => {
  it('nothing leaves canceled and expired', () => {
    property((events) => {
      const end = events.findIndex(({ status }) => status === 'canceled' || status === 'expired');
      const final = events[end]?.status;
      if (end !== -1) expect(events.slice(end).every(({ status }) => status === final)).toBe(true);
    });
  });

  it('no period is charged twice, and each follows the one before', () => {
    property((events) => {
      const periods = chargesOf(events)
        .filter(({ reason }) => reason === 'subscription_cycle')
        .flatMap(({ period }) => period ?? []);
      periods.forEach((period, n) => {
        expect(period.start < period.end).toBe(true);
        const next = periods[n + 1];
        if (next !== undefined) expect(next.start >= period.start).toBe(true);
      });
      const starts = periods.map(({ start }) => start);
      expect(new Set(starts).size).toBe(starts.length);
      expect(new Set(chargesOf(events).map(({ invoice_id }) => invoice_id)).size).toBe(chargesOf(events).length);
    });
  });

  it('what is credited was charged before: the present basis is never below zero', () => {
    property((events) => {
      const state = fold(events);
      if (state.status !== 'none' && state.basis !== null) expect(state.basis.amount).toBeGreaterThanOrEqual(0);
      const sum = chargesOf(events)
        .flatMap(({ lines }) => lines)
        .reduce((total, { amount }) => total + amount, 0);
      expect(sum).toBeGreaterThanOrEqual(0);
    });
  });

  it('a settled invoice stays settled, and one that is past due is unpaid', () => {
    property((events) => {
      const state = fold(events);
      if (state.status === 'none') return;
      expect(state.overdue.every((id) => state.unpaid.includes(id))).toBe(true);
      if (state.status === 'past_due') expect(state.overdue.length).toBeGreaterThan(0);
      if (state.status === 'active' || state.status === 'past_due') expect(state.period).not.toBeNull();
    });
  });

  it('a state that was written as JSON is the same', () => {
    property((events) => {
      const state = fold(events);
      expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    });
  });
});
