import fc from 'fast-check';
import { BILLING_INTERVALS, TERM_INTERVALS } from '../plan/billing-interval.ts';
import { periodBoundary } from '../../shared/calendar.ts';
import { addDays, type Time } from '../../shared/time.ts';
import type { IssueLicense, LicenseCommand } from './license.commands.ts';
import { activationOf, eventsAfter, issueOf, planOf } from '../../../testing/license.given.ts';
import { type License, licenseStream } from './license.ts';
import type { Plan } from './on-license.ts';

const monthly = planOf({ license_type: 'subscription', billing_interval: 'month' });
const yearly: Plan = { ...monthly, plan_id: 'plan_yearly', billing_interval: 'year' };
const weekly: Plan = { ...monthly, plan_id: 'plan_weekly', billing_interval: 'week' };
const fromNow: Plan = { ...monthly, renewal_from: 'from_now' };

const at = (day: string): Time => `${day}T00:00:00.000Z`;
const issue = (plan: Plan, day: string, over: Partial<IssueLicense> = {}): IssueLicense =>
  issueOf(plan, { valid_from: at(day), now: at(day), ...over });
const renew = (plan: Plan, day: string, valid_until?: Time): LicenseCommand => ({
  type: 'RenewLicense',
  plan,
  now: at(day),
  valid_until,
});
const change = (plan: Plan, day: string): LicenseCommand => ({ type: 'ChangePlan', plan, now: at(day), reason: null });

const license = (...commands: readonly LicenseCommand[]): License => {
  const state = eventsAfter(...commands).reduce(licenseStream.evolve, licenseStream.initialState);
  if (state.status === 'none') throw new Error('there is no license');
  return state;
};
/** The end of the term after each command, as a day. */
const ends = (...commands: readonly LicenseCommand[]): unknown[] =>
  commands.map((_, n) => license(...commands.slice(0, n + 1)).valid_until?.slice(0, 10));

describe('the anchor of the terms', () => {
  it('keeps the day of the month across renewals', () => {
    const renewals = Array.from({ length: 5 }, () => renew(monthly, '2027-01-01'));
    expect(ends(issue(monthly, '2026-12-31'), ...renewals)).toEqual([
      '2027-01-31',
      '2027-02-28',
      '2027-03-31',
      '2027-04-30',
      '2027-05-31',
      '2027-06-30',
    ]);
  });

  it('keeps Feb 29 across renewals by the year', () => {
    const renewals = Array.from({ length: 4 }, () => renew(yearly, '2028-03-01'));
    expect(ends(issue(yearly, '2028-02-29'), ...renewals)).toEqual([
      '2029-02-28',
      '2030-02-28',
      '2031-02-28',
      '2032-02-29',
      '2033-02-28',
    ]);
  });

  it('keeps the day across renewals during the grace period', () => {
    const late = ['2026-03-02', '2026-04-04'].map((day) => renew(monthly, day));
    expect(ends(issue(monthly, '2026-01-31'), ...late)).toEqual(['2026-02-28', '2026-03-31', '2026-04-30']);
  });

  it('is the end of the trial, if the license starts with one', () => {
    const tried = { ...monthly, trial_days: 14 };
    const renewals = [renew(tried, '2026-01-20'), renew(tried, '2026-01-20')];
    expect(ends(issue(tried, '2026-01-17'), ...renewals)).toEqual(['2026-01-31', '2026-02-28', '2026-03-31']);
  });

  it('is the first activation, if the term starts there', () => {
    const waiting: Plan = { ...monthly, term_starts: 'first_activation' };
    const issued = issueOf(waiting, { now: at('2026-01-15') });
    expect(license(issued).term_anchor).toBeNull();
    const activated = [issued, activationOf(waiting, 'a', { now: at('2026-01-31') })];
    expect(license(...activated).term_anchor).toBe(at('2026-01-31'));
    expect(ends(...activated, renew(waiting, '2026-02-01')).slice(1)).toEqual(['2026-02-28', '2026-03-31']);
  });

  it('moves with each renewal that is counted from now', () => {
    const renewals = ['2026-02-10', '2026-03-31'].map((day) => renew(fromNow, day));
    expect(ends(issue(fromNow, '2026-01-31'), ...renewals)).toEqual(['2026-02-28', '2026-03-10', '2026-04-30']);
    expect(license(issue(fromNow, '2026-01-31'), ...renewals).term_anchor).toBe(at('2026-03-31'));
  });

  it('moves to now when an expired license is renewed', () => {
    expect(ends(issue(monthly, '2026-01-31'), renew(monthly, '2026-05-15'), renew(monthly, '2026-05-15'))).toEqual([
      '2026-02-28',
      '2026-06-15',
      '2026-07-15',
    ]);
  });

  it('moves to a given end that is not one of its boundaries', () => {
    const given = issue(monthly, '2026-01-31', { valid_until: at('2026-03-15') });
    expect(license(given).term_anchor).toBe(at('2026-03-15'));
    expect(ends(given, renew(monthly, '2026-02-01'))).toEqual(['2026-03-15', '2026-04-15']);
    const extended = [issue(monthly, '2026-01-31'), renew(monthly, '2026-02-01', at('2026-05-10'))];
    expect(ends(...extended, renew(monthly, '2026-02-01')).slice(1)).toEqual(['2026-05-10', '2026-06-10']);
  });

  it('stays if a given end is one of its boundaries', () => {
    const given = issue(monthly, '2026-01-31', { valid_until: at('2026-02-28') });
    expect(ends(given, renew(monthly, '2026-02-01'))).toEqual(['2026-02-28', '2026-03-31']);
    const extended = [issue(monthly, '2026-01-31'), renew(monthly, '2026-02-01', at('2026-04-30'))];
    expect(ends(...extended, renew(monthly, '2026-02-01')).slice(1)).toEqual(['2026-04-30', '2026-05-31']);
  });

  it('stays when the plan changes between months and years', () => {
    expect(
      ends(
        issue(monthly, '2026-01-31'),
        change(yearly, '2026-02-10'),
        renew(yearly, '2026-02-10'),
        change(monthly, '2026-02-11'),
        renew(monthly, '2026-02-11'),
      ),
    ).toEqual(['2026-02-28', '2026-02-28', '2027-02-28', '2027-02-28', '2027-03-31']);
  });

  it('moves after terms in weeks, whose ends are on other days of the month', () => {
    expect(
      ends(
        issue(monthly, '2026-01-31'),
        change(weekly, '2026-02-10'),
        renew(weekly, '2026-02-10'),
        change(monthly, '2026-02-11'),
        renew(monthly, '2026-02-11'),
      ),
    ).toEqual(['2026-02-28', '2026-02-28', '2026-03-07', '2026-03-07', '2026-04-07']);
  });

  it('moves to now when a plan without an end is changed to one with terms', () => {
    const perpetual = planOf();
    const changed = [issue(perpetual, '2026-01-15'), change({ ...monthly, plan_id: 'plan_2' }, '2026-01-31')];
    expect(ends(...changed, renew(monthly, '2026-02-01'))).toEqual([undefined, '2026-02-28', '2026-03-31']);
  });

  it('can be given together with the end of the term, as in an export', () => {
    const first = license(issue(fromNow, '2026-01-15'), renew(fromNow, '2026-01-31'));
    const { valid_from, valid_until, term_anchor } = first;
    const again = issueOf(monthly, { valid_from, valid_until, term_anchor, now: at('2026-02-01') });
    expect(license(again)).toMatchObject({ valid_from, valid_until, term_anchor });
    expect(ends(again, renew(monthly, '2026-02-02'))).toEqual(['2026-02-28', '2026-03-31']);
  });

  it('gives each term the end that the calendar gives, for 30 years of renewals', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...BILLING_INTERVALS),
        fc.integer({ min: 0, max: 730 }),
        fc.integer({ min: 1, max: 360 }),
        (billing_interval, days, renewals) => {
          const plan = planOf({ license_type: 'subscription', billing_interval });
          const valid_from = addDays('2027-01-01T12:34:56.789Z', days);
          const commands = [
            issueOf(plan, { valid_from, now: valid_from }),
            ...Array.from({ length: renewals }, () => renew(plan, valid_from.slice(0, 10))),
          ];
          expect(license(...commands).valid_until).toBe(
            periodBoundary(valid_from, TERM_INTERVALS[billing_interval], renewals + 1),
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});
