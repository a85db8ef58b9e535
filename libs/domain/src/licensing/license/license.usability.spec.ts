import { activationOf, eventsAfter, issueOf, planOf } from '../../../testing/license.given.ts';

describe('a license until the end of the year 9999', () => {
  it('is usable, although its grace period would end in the year 10000', () => {
    const plan = planOf({ grace_days: 7 });
    const until = issueOf(plan, { valid_until: '9999-12-31T00:00:00.000Z' });
    expect(eventsAfter(until, activationOf(plan, 'a'))).toMatchObject([
      { type: 'license.created', status: 'active' },
      { type: 'activation.added' },
    ]);
  });
});
