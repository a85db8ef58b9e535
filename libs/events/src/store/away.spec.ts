import { runInNewContext } from 'node:vm';
import { DatabaseError } from 'pg';
import { isAway, isUnavailable } from './away.ts';
import { ConnectionLostError } from './line.ts';

const refused = (code: string, severity = 'ERROR'): DatabaseError =>
  Object.assign(new DatabaseError('refused', 0, 'error'), { code, severity });
const foreignError = (message: string): Error => runInNewContext('new Error(message)', { message }) as Error;
const system = (code: string, syscall: string): Error => Object.assign(new Error(code), { code, syscall });

describe('an error of a database that is away', () => {
  it.each([
    ['a lost connection', new ConnectionLostError('lost')],
    ['a server that stops', refused('57P01', 'FATAL')],
    ['a server that starts', refused('57P03', 'FATAL')],
    ['a socket that is closed', system('ECONNRESET', 'read')],
    ['an error of another context', Object.assign(foreignError('write EPIPE'), { code: 'EPIPE' })],
    ['a missing socket file', system('ENOENT', 'connect')],
    ['a connection that pg closed', new Error('Connection terminated unexpectedly')],
  ])('is %s', (_what, error) => {
    expect(isAway(error)).toBe(true);
    expect(isUnavailable(error)).toBe(true);
  });

  it.each([
    ['a unique violation', refused('23505')],
    ['a lock that is not available', refused('55P03')],
  ])('is not %s', (_what, error) => {
    expect(isAway(error)).toBe(false);
    expect(isUnavailable(error)).toBe(false);
  });

  it.each([
    ['a full disk', refused('53100')],
    ['a pool without a free connection', new Error('timeout exceeded when trying to connect')],
  ])('is also %s, where the caller may call again later', (_what, error) => {
    expect(isUnavailable(error)).toBe(true);
  });

  it.each([
    ['a missing file', system('ENOENT', 'open')],
    ['a fault of the program', new TypeError('undefined is not a function')],
    ['a value that is no error', 'ECONNRESET'],
  ])('is not %s of unknown origin', (_what, error) => {
    expect(isUnavailable(error)).toBe(false);
  });
});
