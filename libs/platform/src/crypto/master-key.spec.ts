import { createMasterKey } from './master-key.ts';

describe('the master key', () => {
  const master = createMasterKey(Buffer.alloc(32, 1));

  it('opens what it sealed, for the same purpose and context only', () => {
    const sealed = master.seal('license-key', 'KEY-1', 'lic_1');
    expect(Buffer.from(master.open('license-key', sealed, 'lic_1')).toString()).toBe('KEY-1');
    expect(() => master.open('license-key', sealed, 'lic_2')).toThrow();
    expect(() => master.open('webhook-secret', sealed, 'lic_1')).toThrow();
  });

  it('seals the same text differently each time, and notices a changed byte', () => {
    const sealed = master.seal('p', 'text');
    expect(master.seal('p', 'text')).not.toBe(sealed);
    const [kid, body = ''] = sealed.split('.');
    const bytes = Buffer.from(body, 'base64url');
    bytes[15] = (bytes[15] ?? 0) ^ 1;
    expect(() => master.open('p', `${kid}.${bytes.toString('base64url')}`)).toThrow();
    expect(() =>
      master.open('p', `${kid}.${Buffer.from(body, 'base64url').subarray(0, -4).toString('base64url')}`),
    ).toThrow();
  });

  it('distinguishes another master key from damaged bytes', () => {
    const other = createMasterKey(Buffer.alloc(32, 2));
    expect(() => other.open('p', master.seal('p', 'text'))).toThrow(/another master key/);
  });

  it('derives a key for each purpose, as RFC 5869 defines', () => {
    expect(master.derive('a')).toEqual(master.derive('a'));
    expect(master.derive('a')).not.toEqual(master.derive('b'));
    expect(master.hash('a', 'x')).toMatch(/^[\w-]{43}$/);
    expect(master.hash('a', 'x')).not.toBe(master.hash('b', 'x'));
  });
});
