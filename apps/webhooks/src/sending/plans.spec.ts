import { Plans } from './plans.ts';

describe('plans of what is done with deliveries', () => {
  const some = (count: number, day: number): { day: number }[] => Array.from({ length: count }, () => ({ day }));

  it('are made each time until a week has grown, and then once for that week', () => {
    const plans = new Plans();
    expect(plans.of('claim')).toEqual({ name: 'claim', once: false });
    plans.count(some(999, 7_000));
    expect(plans.of('claim').once).toBe(false);
    plans.count(some(1, 7_006));
    expect(plans.of('claim')).toEqual({ name: 'claim_1000', once: true });
    expect(plans.of('record')).toEqual({ name: 'record_1000', once: true });
    // What is left of a former week changes nothing, and a new one is empty.
    plans.count(some(10, 6_990));
    expect(plans.of('claim')).toEqual({ name: 'claim_1000', once: true });
    plans.count([...some(5, 7_006), ...some(5, 7_007)]);
    expect(plans.of('claim')).toEqual({ name: 'claim', once: false });
    plans.count(some(1_000, 7_007));
    expect(plans.of('claim')).toEqual({ name: 'claim_1001', once: true });
  });
});
