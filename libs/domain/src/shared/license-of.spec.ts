import { idTime, newId } from './id.ts';
import { licenseOfPurchase, licenseOfSubscription } from './license-of.ts';

const SUBSCRIPTION = 'sub_01jd30c2d4e6f8g1h3j5k7m9np';
const INVOICE = 'inv_01jd30d3e5f7g9h2j4k6m8n1pq';

describe('the license of a sale', () => {
  it('is always the same for one subscription, and another for each other', () => {
    expect(licenseOfSubscription(SUBSCRIPTION)).toBe(licenseOfSubscription(SUBSCRIPTION));
    const ids = Array.from({ length: 1_000 }, () => licenseOfSubscription(newId('sub')));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => /^lic_[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(id))).toBe(true);
  });

  it('is another for each unit of each line', () => {
    const ids = [0, 1].flatMap((line) => [0, 1, 2].map((unit) => licenseOfPurchase(INVOICE, line, unit)));
    expect(new Set(ids).size).toBe(6);
    expect(licenseOfPurchase(INVOICE, 1, 2)).toBe(licenseOfPurchase(INVOICE, 1, 2));
    // 1/10 and 11/0 are different texts.
    expect(licenseOfPurchase(INVOICE, 1, 10)).not.toBe(licenseOfPurchase(INVOICE, 11, 0));
  });

  it('has the time of the subscription or invoice in its id', () => {
    expect(idTime(licenseOfSubscription(SUBSCRIPTION))).toBe(idTime(SUBSCRIPTION));
    expect(idTime(licenseOfPurchase(INVOICE, 1, 0))).toBe(idTime(INVOICE));
  });

  it('never changes', () => {
    expect([
      licenseOfSubscription(SUBSCRIPTION),
      licenseOfPurchase(INVOICE, 1, 0),
      licenseOfSubscription('sub_1'),
    ]).toEqual([
      'lic_01jd30c2d4f3c84gzadn8kpn1q',
      'lic_01jd30d3e5eyftkdt1vr6gkvy2',
      // An id without a time.
      'lic_0km1vfssyhgn0rshfg0k24r431',
    ]);
  });
});
