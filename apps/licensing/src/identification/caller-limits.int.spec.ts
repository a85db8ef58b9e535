import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { licensingService } from '../licensing.module.ts';
import { eventually, type Reply, startApp, type TestApp } from '../../../../test/support/app.ts';

/** Calls per second with one license key. */
const LIMIT = 20;

describe('the limits of callers with a license key', () => {
  let app: TestApp;
  let license_key: unknown;

  beforeAll(async () => {
    app = await startApp({
      services: [gatewayService, licensingService],
      env: { KEYLEDGER_RATE_LIMITS: 'on', KEYLEDGER_RATE_LIMIT_PER_LICENSE: String(LIMIT) },
    });
    const { id: product_id } = await app.create('/admin/products', { name: 'P', slug: 'p', type: 'desktop' });
    const plan = { product_id, name: 'P', slug: 'p', license_type: 'perpetual', license_model: 'standard' };
    const { id: plan_id } = await app.create('/admin/plans', plan);
    ({ license_key } = await app.create('/admin/licenses', { product_id, plan_id, email: 'ada@example.com' }));
  });
  afterAll(() => app.close());

  const call = (path: string, body: object = {}, headers: Record<string, string | undefined> = {}): Promise<Reply> =>
    app.call('POST', `/license/${path}`, { license_key, ...body }, { authorization: undefined, ...headers });
  const verify = (): Promise<Reply> => call('verify', { identifier: 'device' });
  const remaining = ({ headers }: Reply): number =>
    Number(/^"license";r=(\d+);t=\d+$/.exec(String(headers['ratelimit']))?.[1]);

  it('count all routes together, and show what is left', async () => {
    // Three calls may fall into two one-second windows; the test then repeats them.
    await eventually(async () => {
      const first = remaining(await verify());
      const second = remaining(await call('activations'));
      const third = remaining(await verify());
      return second === first - 1 && third === first - 2;
    });
    expect((await verify()).headers['ratelimit-policy']).toBe(`"license";q=${LIMIT};w=1`);
  });

  it('describe themselves in the 429 of a license and on refusals', async () => {
    const answers = await Promise.all(Array.from({ length: LIMIT * 4 }, verify));
    const refused = answers.find(({ status }) => status === 429);
    expect(refused).toMatchObject({
      headers: { 'retry-after': '1', ratelimit: '"license";r=0;t=1', 'ratelimit-policy': `"license";q=${LIMIT};w=1` },
      body: { code: 'RATE_LIMITED' },
    });
    const unknown = await eventually(async () => {
      const reply = await call('deactivate', { identifier: 'unknown' });
      return reply.status === 404 && reply;
    });
    expect(unknown.headers).toHaveProperty('ratelimit-policy', `"license";q=${LIMIT};w=1`);
  });

  it('apply in addition to the limit of the API key in the same call', async () => {
    const reply = await eventually(async () => {
      const answer = await app.call('POST', '/license/verify', { license_key, identifier: 'device' });
      return answer.status === 200 && answer;
    });
    expect(reply.headers['ratelimit']).toMatch(/^"api-key";r=\d+;t=1, "license";r=\d+;t=1$/);
    expect(reply.headers['ratelimit-policy']).toMatch(/^"api-key";q=\d+;w=1, "license";q=20;w=1$/);
  });

  it('lock an address out of every route after five failures, and describe the lock-out', async () => {
    const failing = [
      () => call('verify', { license_key: 'WRONG-KEY' }),
      () => call('activate', { license_key: 'WRONG-KEY', identifier: 'x' }),
      () => app.call('POST', '/invites/accept', { token: 'wrong' }, { authorization: undefined }),
    ];
    for (let n = 0; n < 5; n++) expect([200, 404]).toContain((await failing[n % 3]?.())?.status);
    for (const fail of failing) {
      const refused = await fail();
      expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_FAILURES' } });
      expect(refused.headers).toMatchObject({
        ratelimit: `"failures";r=0;t=${String(refused.headers['retry-after'])}`,
        'ratelimit-policy': '"failures";q=5;w=300',
      });
    }
    expect(await eventually(async () => (await verify()).status === 200)).toBe(true);
  });
});
