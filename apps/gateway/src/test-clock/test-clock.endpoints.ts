import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { StrictObject, Timestamp } from '#platform/http/schemas';

const TestClock = StrictObject({ now: Timestamp }, { $id: 'TestClock' });
const OFF = { status: 404, code: 'NOT_FOUND' };
const BOUND = { status: 403, code: 'FORBIDDEN' };

const of = { path: '/admin/test-clock', tag: 'Test clock', auth: 'admin' } as const;

export const readTestClock = endpoint({
  ...of,
  method: 'GET',
  operation: 'readTestClock',
  summary: 'The present business time; 404 unless KEYLEDGER_TEST_CLOCK is on',
  answers: { 200: { description: 'Business time.', schema: TestClock } },
  problems: [OFF, BOUND],
});

export const moveTestClock = endpoint({
  ...of,
  method: 'POST',
  operation: 'moveTestClock',
  summary: 'Move business time forward, and wait until everything that fell due has been done',
  body: StrictObject({
    to: Type.Optional(Timestamp),
    advance: Type.Optional(
      Type.String({
        description: 'ISO 8601 duration, by the calendar in UTC: a month from January 31 is the last day of February.',
        maxLength: 100,
        examples: ['P1M'],
      }),
    ),
  }),
  answers: {
    200: { description: 'Business time. Nothing is due at this time any more, in any service.', schema: TestClock },
  },
  problems: [OFF, BOUND, { status: 409, code: 'TEST_CLOCK_BACKWARDS' }, { status: 503, code: 'TEST_CLOCK_BEHIND' }],
});
