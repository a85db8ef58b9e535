import { SignJWT, UnsecuredJWT } from 'jose';
import { createMasterKey } from '../crypto/master-key.ts';
import { InternalTokens } from './internal-token.ts';
import type { Principal } from './principal.ts';

const masterKey = createMasterKey(Buffer.alloc(32, 1));
const principal: Principal = {
  actor: { type: 'api_key', id: 'key_1' },
  scopes: ['licenses:write'],
  product_id: 'prod_1',
};

describe('the internal token', () => {
  let now = Date.now();
  const clock = () => now;
  const gateway = new InternalTokens([masterKey], clock);
  const service = new InternalTokens([masterKey], clock);

  it('carries actor, scopes and product, or no principal', async () => {
    expect(await service.verify(await gateway.issue(principal))).toEqual(principal);
    expect(await service.verify(await gateway.issue(null))).toBeNull();
  });

  it('is valid under the previous master key during a rotation: services get both keys first', async () => {
    const next = createMasterKey(Buffer.alloc(32, 3));
    const both = new InternalTokens([next, masterKey], clock);
    expect(await both.verify(await gateway.issue(principal))).toEqual(principal);
    const nextGateway = new InternalTokens([next, masterKey], clock);
    expect(await both.verify(await nextGateway.issue(principal))).toEqual(principal);
    const after = new InternalTokens([next], clock);
    expect(await after.verify(await nextGateway.issue(principal))).toEqual(principal);
    expect(await after.verify(await gateway.issue(principal))).toBeUndefined();
  });

  it('distinguishes principals that differ in one property only', async () => {
    const others: Principal[] = [
      { ...principal, product_id: null },
      { ...principal, scopes: [] },
      { ...principal, actor: { type: 'user', id: 'key_1' } },
    ];
    for (const other of others) expect(await service.verify(await gateway.issue(other))).toEqual(other);
  });

  it('expires a minute after it was made, even if it has been verified before', async () => {
    const token = await gateway.issue(principal);
    expect(await service.verify(token)).toEqual(principal);
    now += 61_000;
    expect(await service.verify(token)).toBeUndefined();
    expect(await new InternalTokens([masterKey], clock).verify(token)).toBeUndefined();
  });

  it('is accepted only under this master key and in this form', async () => {
    const foreign = new InternalTokens([createMasterKey(Buffer.alloc(32, 2))], clock);
    expect(await service.verify(await foreign.issue(principal))).toBeUndefined();

    const claims = {
      keyledger: principal,
      iss: 'keyledger/gateway',
      aud: 'keyledger/services',
      exp: Math.floor(now / 1000) + 60,
    };
    const key = masterKey.derive('internal-token');
    const signed = (payload: Record<string, unknown>, header: { alg: string; typ?: string }) =>
      new SignJWT(payload).setProtectedHeader(header).sign(key);
    expect(await service.verify(await signed(claims, { alg: 'HS256', typ: 'keyledger+jwt' }))).toEqual(principal);
    const forged = [
      new UnsecuredJWT(claims).encode(),
      await signed(claims, { alg: 'HS256' }),
      await signed(claims, { alg: 'HS512', typ: 'keyledger+jwt' }),
      await signed({ ...claims, aud: 'prod_1' }, { alg: 'HS256', typ: 'keyledger+jwt' }),
      await signed({ ...claims, exp: undefined }, { alg: 'HS256', typ: 'keyledger+jwt' }),
      await signed({ ...claims, keyledger: { scopes: ['admin'] } }, { alg: 'HS256', typ: 'keyledger+jwt' }),
      (await gateway.issue(principal)).replace(/\.[^.]+\./, '.e30.'),
      'kl_not_a_token',
      '',
    ];
    for (const token of forged) expect(await service.verify(token)).toBeUndefined();
  });
});
