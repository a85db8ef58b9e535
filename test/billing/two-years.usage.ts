import type { Time } from '#domain/shared/time';
import { eventually } from '../support/app.ts';
import { type Fields, price, sell } from './harness.ts';
import type { Simulation, Step } from './simulation.ts';

const FEATURE = 'calls';
const START = '2027-01-31T10:00:00.000Z';
const FEB_14 = '2027-02-14T10:00:00.000Z';
/** The last moments of periods, and the first ones of the periods after them. */
const BEFORE_FEB_28 = '2027-02-28T09:59:59.999Z';
const FEB_28 = '2027-02-28T10:00:00.000Z';
const BEFORE_MARCH_31 = '2027-03-31T09:59:59.999Z';
/** Two days after the end of the first period, and of the second. */
const MARCH_2 = '2027-03-02T12:00:00.000Z';
const APRIL_2 = '2027-04-02T12:00:00.000Z';

type Records = readonly (readonly [at: Time, quantity: number])[];

/** What each price does with the same times of use. */
const USES: Readonly<Record<string, Readonly<Record<Time, Records>>>> = {
  graduated: {
    [START]: [[START, 60]],
    [FEB_14]: [[FEB_14, 50]],
    [MARCH_2]: [
      [BEFORE_FEB_28, 40],
      [FEB_28, 5],
    ],
    '2027-03-10T10:00:00.000Z': [['2027-03-10T10:00:00.000Z', 200]],
    '2027-06-01T10:00:00.000Z': [['2027-05-31T10:00:00.000Z', 10]],
  },
  volume: {
    [START]: [[START, 60]],
    [FEB_14]: [[FEB_14, 30]],
    [MARCH_2]: [
      [BEFORE_FEB_28, 20],
      [FEB_28, 5],
    ],
    '2027-03-10T10:00:00.000Z': [['2027-03-10T10:00:00.000Z', 200]],
  },
  packages: {
    [START]: [[START, 1_000]],
    [FEB_14]: [[FEB_14, 1]],
    [MARCH_2]: [
      [BEFORE_FEB_28, 999],
      [FEB_28, 5],
    ],
    '2027-03-10T10:00:00.000Z': [['2027-03-10T10:00:00.000Z', 3_000]],
    [APRIL_2]: [[BEFORE_MARCH_31, 1_000]],
  },
};

/** Subscriptions that pay for what they use. */
export const meteredLives = async (years: Simulation): Promise<Step[]> => {
  const { app } = years;
  const plan = await sell(app);
  // Usage of a day is accepted for three days after it.
  const quota = { feature: FEATURE, value_type: 'quota', value: null, quota_period: 'daily' };
  await app.create(`/admin/plans/${plan.plan_id}/entitlements`, quota);
  const metered = (amount: number, usage: Fields): Promise<string> =>
    price(app, plan, { amount, usage: { feature: FEATURE, aggregation: 'sum', ...usage } });
  const prices: Readonly<Record<string, string>> = {
    graduated: await metered(0, {
      tiers_mode: 'graduated',
      tiers: [
        { up_to: 100, unit_amount: '2', flat_amount: 0 },
        { up_to: null, unit_amount: '0.5', flat_amount: 300 },
      ],
    }),
    volume: await metered(0, {
      tiers_mode: 'volume',
      tiers: [
        { up_to: 100, unit_amount: '3', flat_amount: 0 },
        { up_to: null, unit_amount: '1', flat_amount: 0 },
      ],
    }),
    packages: await metered(250, { package_size: 1_000 }),
  };
  return Object.entries(USES).flatMap(([name, uses]): Step[] => [
    [START, () => years.start(name, { price_id: prices[name] })],
    ...Object.entries(uses).map(([at, records]): Step => [at, () => use(years, name, records)]),
    [MARCH_2, () => refuse(years, name, FEB_14)],
    ['2027-06-01T10:00:00.000Z', () => years.post(name, 'cancel', { when: 'now' })],
  ]);
};

/** Records usage of a subscription's license, and waits until billing knows it. */
const use = async (years: Simulation, name: string, records: Records): Promise<void> => {
  const { app, pool } = years;
  const { license_id } = years.named(name);
  const known = async (): Promise<number> =>
    (await pool.query('select from usage_records where license_id = $1', [license_id])).rowCount ?? 0;
  const before = await known();
  await eventually(async () => (await app.call('GET', `/admin/licenses/${String(license_id)}`)).status === 200);
  expect(await send(years, name, records)).toEqual(records.map(() => true));
  await eventually(async () => (await known()) === before + records.length);
};

/** Usage of a day that ended more than three days ago is not accepted. */
const refuse = async (years: Simulation, name: string, at: Time): Promise<void> =>
  expect(await send(years, name, [[at, 1_000_000]])).toEqual([false]);

/** @returns for each record whether it was accepted */
const send = async (years: Simulation, name: string, records: Records): Promise<boolean[]> => {
  const { body } = await years.app.call('POST', '/license/usage/batch', {
    license_id: years.named(name)['license_id'],
    records: records.map(([timestamp, quantity]) => ({ feature: FEATURE, quantity, timestamp })),
  });
  return (body as { results: { accepted: boolean }[] }).results.map(({ accepted }) => accepted);
};

/** @param simulation once it has run */
export const describeUsage = (simulation: () => Simulation): void => {
  /** Lines of all invoices: the amounts, with the beginning of the period of late ones. */
  const lines = (name: string): unknown[] =>
    simulation()
      .invoices(name)
      .map((invoice) =>
        (invoice['lines'] as Fields[]).map(({ amount, description, period }) =>
          String(description).includes('late') ? [amount, (period as { start: Time }).start] : amount,
        ),
      );

  it('pay for what they used in the period, by the tiers that it reached', () => {
    expect(lines('graduated')).toEqual([
      // 110 units: 100 at 2, 10 at a half, and the flat amount of the second tier.
      [200, 5, 300],
      // 205 units, rounded once for each line; 40 more of the period before, which are in its second tier.
      [200, 53, 300, [20, START]],
      [20],
    ]);
    expect(simulation().totals('graduated')).toEqual([601, 682, 24]);
  });

  it('pay for all units by the tier of the last one, and get back what late usage made cheaper', () => {
    // 90 units at 3; then 205 at 1, and 110 of the period before at 1 in place of 90 at 3.
    expect(lines('volume')).toEqual([[270], [205, [-160, START]]]);
    expect(simulation().totals('volume')).toEqual([321, 54]);
  });

  it('pay for each package that was begun, also by late usage', () => {
    // 1,001 units are 2 packages, and 999 more fill the second. 3,005 are 4 packages, and 1,000 more begin a fifth.
    expect(lines('packages')).toEqual([[500], [1_000], [[250, FEB_28]]]);
    expect(simulation().totals('packages')).toEqual([595, 1_190, 298]);
  });

  it('pay in arrears: with the renewal after the period, and nothing for a period without usage', () => {
    const years = simulation();
    expect(years.invoices('graduated').map(({ at }) => at.slice(0, 10))).toEqual([
      '2027-02-28',
      '2027-03-31',
      '2027-06-01',
    ]);
    expect(years.counts('graduated')).toMatchObject({ renewal_invoiced: 2, activated: 1, canceled: 1 });
    expect(years.counts('packages')).toMatchObject({ renewal_invoiced: 3 });
  });
};
