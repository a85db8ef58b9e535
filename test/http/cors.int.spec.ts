import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { startApp, type TestApp } from '../support/app.ts';

const PAGE = { origin: 'https://app.example.com', authorization: undefined };
const PREFLIGHT = { ...PAGE, 'access-control-request-method': 'POST' };

describe('pages of any origin', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService] });
  });
  afterAll(() => app.close());

  it('may call what shipped software calls, without credentials', async () => {
    const preflight = await app.call('OPTIONS', '/license/verify', undefined, PREFLIGHT);
    expect(preflight).toMatchObject({ status: 204, headers: { 'access-control-allow-origin': '*' } });
    expect(preflight.headers['access-control-allow-headers']).not.toContain('authorization');
    expect(preflight.headers).not.toHaveProperty('access-control-allow-credentials');
    const body = { license_key: 'ACME-WRONG', identifier: 'page' };
    const answer = await app.call('POST', '/license/verify', body, PAGE);
    expect(answer).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': '*' } });
    expect(answer.headers['access-control-expose-headers']).toContain('date');
  });

  it('may read why they are refused', async () => {
    const answer = await app.call('POST', '/license/activate', { license_key: 'ACME-WRONG', identifier: 'page' }, PAGE);
    expect(answer).toMatchObject({ status: 404, headers: { 'access-control-allow-origin': '*' } });
  });

  it('may fetch the public keys, also from caches that stored the answer to a request without Origin', async () => {
    const answer = await app.call('GET', '/.well-known/jwks.json', undefined, { authorization: undefined });
    expect(answer.headers['access-control-allow-origin']).toBe('*');
  });

  it.each(['/admin/licenses', '/admin/api-keys', '/openapi.json', '/licenses/verify'])(
    'may not call %s',
    async (path) => {
      const preflight = await app.call('OPTIONS', path, undefined, PREFLIGHT);
      const answer = await app.call('GET', path, undefined, PAGE);
      for (const { headers } of [preflight, answer]) expect(headers).not.toHaveProperty('access-control-allow-origin');
    },
  );

  it('alone get a 204 to OPTIONS', async () => {
    expect(await app.call('OPTIONS', '/license/verify')).toMatchObject({ status: 405 });
  });
});
