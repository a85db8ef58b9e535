import { recordSpansWith, startSpan } from './trace.ts';

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
const MADE = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/;

describe('a span that is not recorded', () => {
  beforeEach(() => recordSpansWith(undefined));

  it('passes its trace on unchanged', () => {
    expect(startSpan('GET', 'server', PARENT).traceparent).toBe(PARENT);
  });

  it.each([
    undefined,
    '',
    'nonsense',
    PARENT.toUpperCase(),
    `${PARENT}-00`,
    `${PARENT}\n`,
    PARENT.replace(/^00/, 'ff'),
    PARENT.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
    PARENT.replace('b7ad6b7169203331', '0'.repeat(16)),
  ])('starts a new trace instead of %j', (parent) => {
    const { traceparent } = startSpan('GET', 'server', parent);
    expect(traceparent).toMatch(MADE);
    expect(startSpan('GET', 'server', parent).traceparent).not.toBe(traceparent);
  });
});
