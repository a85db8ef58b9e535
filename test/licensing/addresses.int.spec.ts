import { type Fields, type Licensing, startLicensing } from './harness.ts';

/** Two spellings of each address: its domain in letters, and in ASCII or decomposed. */
const SAME = [
  ['अजय@डाटा.भारत', 'अजय@xn--c2bd1gb.xn--h2brj9c\n'],
  ['สมชาย@คน.ไทย', ' สมชาย@xn--42c6b.xn--o3cw4h'],
  ['ada@bücher.example', 'Ada@bu\u0308cher.example '],
] as const;

describe('an e-mail address in two spellings', () => {
  let app: Licensing;
  beforeAll(async () => {
    app = await startLicensing({ product: { type: 'hybrid' }, plan: { max_seats: 5 } });
  });
  afterAll(() => app.close());

  const found = async (query: Record<string, string>): Promise<unknown[]> => {
    const { body } = await app.call('GET', `/admin/licenses?${new URLSearchParams(query).toString()}`);
    return (body as { data: Fields[] }).data.map(({ id }) => id);
  };

  it.each(SAME)('is one customer, found by both spellings: %s', async (one, other) => {
    const [first, second] = [await app.issue({ email: one }), await app.issue({ email: other })];
    expect(second['customer_id']).toBe(first['customer_id']);
    expect(String(second['email']).toLowerCase()).toBe(one);
    const both = [second['id'], first['id']];
    for (const email of [one, other]) {
      expect(await found({ email })).toEqual(both);
      expect(await found({ q: email.trim().normalize('NFC') })).toEqual(both);
    }
  });

  it.each(SAME)('has one trial: %s', async (one, other) => {
    const trial = await app.newPlan({ license_type: 'trial', trial_days: 14 });
    await app.issue({ plan_id: trial['id'], email: one });
    const again = { product_id: app.product['id'], plan_id: trial['id'], email: other };
    expect(await app.call('POST', '/admin/licenses', again)).toMatchObject({
      status: 409,
      body: { code: 'TRIAL_USED' },
    });
  });

  it.each(SAME)('has one seat, and a license is transferred to it: %s', async (one, other) => {
    const license = await app.issue();
    const invite = { license_id: license['id'] };
    expect(await app.call('POST', '/portal/seats', { ...invite, email: one })).toMatchObject({ status: 201 });
    expect(await app.call('POST', '/portal/seats', { ...invite, email: other })).toMatchObject({
      status: 409,
      body: { code: 'SEAT_EXISTS' },
    });
    const owned = await app.issue({ email: one });
    expect(await app.admin(license, 'transfer', { email: other })).toMatchObject({
      status: 200,
      body: { customer_id: owned['customer_id'] },
    });
  });
});
