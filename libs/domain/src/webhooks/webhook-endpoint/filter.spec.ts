import { type Filter, mistakeIn, passes } from './filter.ts';

const event = {
  type: 'license.created',
  subject: 'lic_1',
  data: { plan_id: 'plan_pro', seats: 5, trial: false, expires_at: null, at: '2026-11-21T10:00:00.000Z' },
};

describe('a filter', () => {
  it.each<[Filter, boolean]>([
    [{ path: 'data.plan_id', eq: 'plan_pro' }, true],
    [{ path: 'data.plan_id', eq: 'plan_free' }, false],
    [{ path: 'data.plan_id', ne: 'plan_free' }, true],
    [{ path: 'data.missing', ne: 'x' }, true],
    [{ path: 'data.plan_id', in: ['plan_free', 'plan_pro'] }, true],
    [{ path: 'data.seats', in: ['5'] }, false],
    [{ path: 'data.missing', exists: false }, true],
    [{ path: 'data.expires_at', exists: true }, false],
    [{ path: 'data.trial', exists: true }, true],
    [{ path: 'data.constructor', exists: true }, false],
    [{ path: 'subject', starts_with: 'lic_' }, true],
    [{ path: 'data.seats', starts_with: '5' }, false],
    [{ path: 'data.seats', gt: 4 }, true],
    [{ path: 'data.seats', gt: 5 }, false],
    [{ path: 'data.seats', gte: 5 }, true],
    [{ path: 'data.seats', lt: 5 }, false],
    [{ path: 'data.seats', lte: 5 }, true],
    [{ path: 'data.seats', gt: '4' }, false],
    [{ path: 'data.at', gte: '2026-11-01' }, true],
    [{ path: 'data.missing', lt: 5 }, false],
    [
      {
        all: [
          { path: 'data.seats', gt: 1 },
          { path: 'type', eq: 'license.created' },
        ],
      },
      true,
    ],
    [
      {
        all: [
          { path: 'data.seats', gt: 1 },
          { path: 'type', eq: 'license.revoked' },
        ],
      },
      false,
    ],
    [
      {
        any: [
          { path: 'data.seats', gt: 9 },
          { path: 'data.trial', eq: false },
        ],
      },
      true,
    ],
    [{ not: { path: 'data.trial', eq: true } }, true],
    [{ not: { any: [{ path: 'data.trial', eq: false }] } }, false],
  ])('%j: %s', (filter, expected) => {
    expect(mistakeIn(filter)).toBeUndefined();
    expect(passes(filter, event)).toBe(expected);
  });

  const deep = (levels: number): unknown => (levels === 0 ? { path: 'subject', eq: 'a' } : { not: deep(levels - 1) });

  it.each<[unknown, string]>([
    ['*', ''],
    [[], ''],
    [{}, '/path'],
    [{ path: 'data.a' }, ''],
    [{ path: 'data.a', eq: 1, ne: 2 }, ''],
    [{ path: 'data.a', matches: '.*' }, '/matches'],
    [{ path: 'data.a', 'a/b': 1 }, '/a~1b'],
    [{ eq: 1 }, '/path'],
    [{ path: 'data', exists: true }, '/path'],
    [{ path: 'actorid', eq: 'x' }, '/path'],
    [{ path: 'data[0]', eq: 1 }, '/path'],
    [{ path: 7, eq: 1 }, '/path'],
    [{ path: 'data.a', eq: { b: 1 } }, '/eq'],
    [{ path: 'data.a', in: [] }, '/in'],
    [{ path: 'data.a', in: 'abc' }, '/in'],
    [{ path: 'data.a', exists: 'yes' }, '/exists'],
    [{ path: 'data.a', gt: true }, '/gt'],
    [{ path: 'data.a', starts_with: 5 }, '/starts_with'],
    [{ path: 'data.a', eq: 'x'.repeat(501) }, '/eq'],
    [{ all: [] }, '/all'],
    [{ any: { path: 'data.a', eq: 1 } }, '/any'],
    [{ all: [{ path: 'data.a', eq: 1 }], path: 'data.a' }, '/path'],
    [
      {
        any: [
          { path: 'data.a', eq: 1 },
          { path: 'data.b', like: 'x' },
        ],
      },
      '/any/1/like',
    ],
    [{ not: [{ path: 'data.a', eq: 1 }] }, '/not'],
    [deep(5), '/not/not/not/not/not'],
    [{ any: Array.from({ length: 100 }, () => ({ path: 'subject', eq: 'a' })) }, '/any/99'],
  ])('%j is refused at "%s" and never read as a wider filter', (filter, pointer) => {
    expect(mistakeIn(filter)).toMatchObject({ pointer });
  });

  it('is accepted at the greatest depth that is allowed', () => {
    expect(mistakeIn(deep(4))).toBeUndefined();
  });
});
