import type { Time } from '#domain/shared/time';
import { eventually } from '../support/app.ts';
import { type Fields, pay, price, sell } from './harness.ts';
import type { Simulation, Step } from './simulation.ts';

const START = '2027-01-31T10:00:00.000Z';
/** In the first period, which ends on February 28. */
const SCHEDULED = '2027-02-14T10:00:00.000Z';
/** In the second period, which ends on March 31. */
const MARCH_10 = '2027-03-10T10:00:00.000Z';
const MARCH_20 = '2027-03-20T10:00:00.000Z';
const APRIL_2 = '2027-04-02T12:00:00.000Z';
const END = '2027-06-01T10:00:00.000Z';

/** Subscriptions whose changes are scheduled for the end of their period, or that are paused or canceled over it. */
export const changingLives = async (years: Simulation): Promise<Step[]> => {
  const { app } = years;
  const small = await sell(app, { grace_days: 7, max_activations: 1 });
  const { id: plan_id } = await app.create('/admin/plans', {
    product_id: small.product_id,
    name: 'Company',
    slug: 'company',
    license_type: 'subscription',
    license_model: 'standard',
    max_activations: 5,
  });
  const smallPrice = await price(app, small);
  const bigPrice = await price(app, { plan_id: String(plan_id) }, { amount: 2_500 });
  const yearlyPrice = await price(app, small, { amount: 12_000, interval: 'year' });

  const begin = (name: string, over: Fields = {}): Step => [
    START,
    () => years.start(name, { price_id: smallPrice, ...over }),
  ];
  const post = (at: Time, name: string, action: string, body: Fields = {}): Step => [
    at,
    () => years.post(name, action, body),
  ];
  const schedule = (at: Time, name: string, over: Fields): Step =>
    post(at, name, 'change-plan', { when: 'period_end', ...over });

  return [
    ...['up', 'quantities', 'toYearly', 'takenBack', 'pausedOver', 'resumes', 'goesOn', 'endsWithPeriod'].map((name) =>
      begin(name),
    ),
    begin('down', { price_id: bigPrice }),
    begin('tooBig', { price_id: bigPrice }),
    begin('pausedUnpaid', { provider: 'bank_transfer' }),
    [START, () => pay(app, years.named('pausedUnpaid')['latest_invoice_id'], { paid_at: START })],
    [START, () => activate(years, 'tooBig', 2)],
    schedule(SCHEDULED, 'up', { price_id: bigPrice }),
    schedule(SCHEDULED, 'down', { price_id: smallPrice }),
    schedule(SCHEDULED, 'tooBig', { price_id: smallPrice }),
    schedule(SCHEDULED, 'quantities', { quantity: 3 }),
    schedule(MARCH_10, 'quantities', { quantity: 2 }),
    schedule(SCHEDULED, 'toYearly', { price_id: yearlyPrice }),
    schedule(SCHEDULED, 'takenBack', { price_id: bigPrice }),
    schedule(SCHEDULED, 'takenBack', { price_id: smallPrice }),
    post(MARCH_10, 'pausedOver', 'pause'),
    post(APRIL_2, 'pausedOver', 'unpause'),
    post(MARCH_10, 'resumes', 'pause', { resumes_at: '2027-04-10T10:00:00.000Z' }),
    post(MARCH_10, 'pausedUnpaid', 'pause'),
    post(MARCH_20, 'pausedUnpaid', 'unpause'),
    post(MARCH_10, 'goesOn', 'cancel', { when: 'period_end' }),
    post(MARCH_20, 'goesOn', 'resume'),
    post(MARCH_10, 'endsWithPeriod', 'cancel', { when: 'period_end' }),
    ...['up', 'down', 'tooBig', 'quantities', 'takenBack', 'pausedOver', 'resumes', 'goesOn'].map((name) =>
      post(END, name, 'cancel', { when: 'now' }),
    ),
  ];
};

/** Activates the license of a subscription on devices, and waits until billing knows it. */
const activate = async (years: Simulation, name: string, devices: number): Promise<void> => {
  const { app, pool } = years;
  const license_id = String(years.named(name)['license_id']);
  await eventually(async () => (await app.call('GET', `/admin/licenses/${license_id}`)).status === 200);
  const { body } = await app.call('POST', `/admin/licenses/${license_id}/reveal-key`);
  for (let n = 0; n < devices; n++) {
    const device = { license_key: (body as Fields)['license_key'], identifier: `device-${n}` };
    expect((await app.call('POST', '/license/activate', device)).status).toBe(201);
  }
  await eventually(async () => {
    const { rowCount } = await pool.query('select from in_use where license_id = $1', [license_id]);
    return rowCount === devices;
  });
};

/** @param simulation once it has run */
export const describeChanges = (simulation: () => Simulation): void => {
  const on = (...days: string[]): string[] => days.map((day) => `${day}T10:00:00.000Z`);

  it('change what they pay with the period that begins, up and down', () => {
    const years = simulation();
    expect(years.totals('up')).toEqual([1_190, 2_975, 2_975, 2_975, 2_975]);
    expect(years.totals('down')).toEqual([2_975, 1_190, 1_190, 1_190, 1_190]);
    expect(years.totals('quantities')).toEqual([1_190, 3_570, 2_380, 2_380, 2_380]);
    expect(years.totals('takenBack')).toEqual([1_190, 1_190, 1_190, 1_190, 1_190]);
    for (const name of ['up', 'down']) {
      expect(years.of(name, 'plan_changed')).toMatchObject([{ changed_at: '2027-02-28T10:00:00.000Z', charge: null }]);
      expect(years.starts(name)).toEqual(on('2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30', '2027-05-31'));
    }
    expect(years.of('takenBack', 'plan_changed')).toEqual([]);
  });

  it('count from the end of the period when a change has another interval', () => {
    const years = simulation();
    expect(years.totals('toYearly')).toEqual([1_190, 14_280, 14_280, 14_280]);
    expect(years.starts('toYearly')).toEqual(on('2027-01-31', '2027-02-28', '2028-02-28', '2029-02-28'));
  });

  it('stay as they are when a scheduled change does not fit what is in use', () => {
    const years = simulation();
    expect(years.of('tooBig', 'change_refused')).toMatchObject([
      { at: '2027-02-28T10:00:00.000Z', reason: 'IN_USE', quantity: 1 },
    ]);
    expect(years.totals('tooBig')).toEqual([2_975, 2_975, 2_975, 2_975, 2_975]);
    expect(years.counts('tooBig')).toMatchObject({ change_scheduled: 1, change_refused: 1, renewal_invoiced: 4 });
  });

  it('are not charged while they are paused over the end of a period, and get back the time that was left', () => {
    const years = simulation();
    // Paused on March 10, 21 days before the end of the period.
    expect(years.starts('pausedOver')).toEqual([
      ...on('2027-01-31', '2027-02-28'),
      '2027-04-23T12:00:00.000Z',
      '2027-05-23T12:00:00.000Z',
    ]);
    expect(years.starts('resumes')).toEqual(on('2027-01-31', '2027-02-28', '2027-05-01', '2027-06-01'));
    expect(years.of('resumes', 'unpaused')).toMatchObject([{ at: '2027-04-10T10:00:00.000Z' }]);
    for (const name of ['pausedOver', 'resumes']) expect(years.totals(name)).toEqual([1_190, 1_190, 1_190, 1_190]);
  });

  it('miss a payment at the end of a pause in which it became overdue', () => {
    const years = simulation();
    expect(years.of('pausedUnpaid', 'invoice_missed')).toMatchObject([{ at: '2027-03-14T10:00:00.001Z' }]);
    expect(years.of('pausedUnpaid', 'past_due')).toMatchObject([{ past_due_at: MARCH_20 }]);
    expect(years.of('pausedUnpaid', 'canceled')).toMatchObject([{ reason: 'unpaid', at: '2027-04-19T10:00:00.000Z' }]);
    expect(years.totals('pausedUnpaid')).toEqual([1_190, 1_190]);
  });

  it('end with their period, or go on if that was taken back', () => {
    const years = simulation();
    expect(years.totals('goesOn')).toEqual([1_190, 1_190, 1_190, 1_190, 1_190]);
    expect(years.totals('endsWithPeriod')).toEqual([1_190, 1_190]);
    expect(years.of('endsWithPeriod', 'canceled')).toMatchObject([
      { at: '2027-03-31T10:00:00.000Z', canceled_at: '2027-03-31T10:00:00.000Z', charge: null },
    ]);
  });
};
