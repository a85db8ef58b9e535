import { DatabaseError } from 'pg';
import { createLogger, type Logger } from './logger.ts';

const lines: string[] = [];
const logger = (): Logger =>
  createLogger({ log_level: 'trace' }, 'test', { write: (line: string) => void lines.push(line) });
const logged = (): Record<string, never> => JSON.parse(lines.at(-1) ?? '') as Record<string, never>;

const databaseError = (fields: Partial<DatabaseError>): DatabaseError =>
  Object.assign(new DatabaseError(fields.message ?? 'refused', 0, 'error'), { severity: 'ERROR' }, fields);

describe('the log', () => {
  beforeEach(() => lines.splice(0));

  it.each([
    { license_key: 'S3CRET' },
    { a: { b: { c: { d: [{ api_key: 'S3CRET' }] } } } },
    { headers: { authorization: 'Bearer S3CRET' } },
    { nested: { masterKey: 'S3CRET', tokens: ['S3CRET'] } },
    { body: { customer: { email: 'S3CRET' } } },
    { bytes: Buffer.from('S3CRET') },
  ])('redacts secrets by the names of their fields, at any depth: %j', (fields) => {
    logger().info(fields, 'something');
    expect(lines.join('')).not.toContain('S3CRET');
    expect(lines.join('')).not.toContain(JSON.stringify([...Buffer.from('S3CRET')]));
    expect(logged()).toMatchObject({ msg: 'something', service: 'test' });
  });

  it.each([
    ['kl_S3CRETabcdefgh0123', 'an API key'],
    ['whsec_S3CRET+/abc=', 'a webhook secret'],
    ['rk_live_S3CRET', 'an API key of Stripe'],
    ['pi_3Abcdefgh_secret_S3CRETabc', 'a client secret of Stripe'],
    ['eyJhbGciOiJFZERTQSJ9.eyJTM0NSRVQi.c2ln_S3CRET', 'a lease'],
    ['S3CRET.lovelace+x@example.co.uk', 'an e-mail'],
    ['postgresql://keyledger:S3CRET@db/keyledger', 'a password in an address'],
    ['Basic S3CRET==', 'credentials'],
  ])('redacts secrets in any text by their pattern: %s', (text) => {
    logger().warn(`it said "${text}"\n${text}`);
    logger().warn({ deep: [{ said: `x ${text} y` }] }, 'something %s', text);
    logger().error(new Error(`no ${text}`, { cause: new Error(text) }));
    expect(lines).toHaveLength(3);
    expect(lines.join('')).not.toContain('S3CRET');
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it('logs the cause and place of PostgreSQL’s errors, never the values', () => {
    const error = databaseError({
      message: 'duplicate key value violates unique constraint "licenses_key"',
      code: '23505',
      constraint: 'licenses_key',
      table: 'licenses',
      detail: 'Key (key)=(S3CRET) already exists.',
      where: 'unnamed portal parameter $1 = S3CRET',
      internalQuery: 'select S3CRET',
    });
    Object.assign(error, { parameters: ['S3CRET'], query: 'S3CRET' });
    logger().warn({ err: new Error('could not be written', { cause: error }) }, 'something');
    expect(lines.join('')).not.toContain('S3CRET');
    expect(logged()).toMatchObject({
      err: {
        message: 'could not be written',
        cause: { code: '23505', constraint: 'licenses_key', table: 'licenses', message: error.message },
      },
    });
  });

  it('does not quote values that could not be parsed', () => {
    const mistakes = [
      databaseError({ message: 'invalid input syntax for type uuid: "S3CRET"', code: '22P02' }),
      databaseError({ message: 'value "S3 " CRET" is out of range for type integer', code: '22003' }),
    ];
    try {
      JSON.parse('{"license_key": S3CRET}');
    } catch (error) {
      mistakes.push(error as DatabaseError);
    }
    expect(mistakes).toHaveLength(3);
    for (const err of mistakes) logger().error({ err }, 'something');
    expect(lines.join('')).not.toContain('CRET');
    expect(lines.join('')).toContain('invalid input syntax for type uuid: [redacted]');
  });

  it('keeps the stack of an error', () => {
    logger().error({ err: new TypeError('lost') }, 'something');
    expect(logged()).toMatchObject({ err: { type: 'TypeError', message: 'lost' } });
    expect(logged()).toMatchObject({
      err: { stack: expect.stringMatching(/^TypeError: lost\n\s+at .*logger\.spec\.ts/) },
    });
  });
});
