import { grantedUser } from './granted-user.ts';

describe('the user of a grant', () => {
  it('is an id of the merchant, and the address of the customer if it is one', () => {
    expect(grantedUser('acme/ada', undefined)).toEqual({ subscriber: 'acme/ada', email: undefined });
    expect(grantedUser('Ada@Example.com', undefined)).toEqual({
      subscriber: 'Ada@Example.com',
      email: 'Ada@Example.com',
    });
    expect(grantedUser('ada@example.com', 'boss@example.com').email).toBe('boss@example.com');
    expect(grantedUser('ada@', undefined).email).toBeUndefined();
    expect(grantedUser('😀'.repeat(255), undefined).subscriber).toHaveLength(510);
  });

  it.each(['', ' ', ' ada', 'ada\n', 'a\u0000b', 'a\u0085b', '\ud800', 'x'.repeat(256)])('%p is refused', (user) => {
    expect(() => grantedUser(user, undefined)).toThrow(expect.objectContaining({ code: 'INVALID_USER' }) as Error);
  });
});
