import pg from 'pg';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { webhooksService } from '../../apps/webhooks/src/webhooks.module.ts';
import { ADMIN_KEY, eventually, type Reply, startApp, type TestApp } from '../support/app.ts';
import { type Sink, startSink } from '../webhooks/harness.ts';

const EMAIL = 'ada.lovelace@example.org';
const MASTER_KEY = Buffer.alloc(32, 42).toString('base64');
const WRONG_KEY = 'kl_WrongWrongWrongWrongWrongWrongWrongWrong01';
const CHOSEN_KEY = 'Bronze-Kettle-Forty-Two-Otters';

describe('the log of the main job, at its most detailed level', () => {
  const lines: string[] = [];
  const secrets = new Map<string, string>();
  let app: TestApp;
  let sink: Sink;
  let product: string;
  let plan: string;

  const created = async (path: string, body: object): Promise<Reply['body']> => {
    const reply = await app.call('POST', path, body);
    expect({ path, status: reply.status }).toEqual({ path, status: 201 });
    return reply.body;
  };
  const keepSecret = (what: string, text: unknown): string => {
    if (typeof text !== 'string' || text.length < 8) throw new Error(`no ${what}: ${String(text)}`);
    secrets.set(what, text);
    return text;
  };

  beforeAll(async () => {
    app = await startApp({
      services: [gatewayService, licensingService, webhooksService],
      env: { KEYLEDGER_LOG_LEVEL: 'trace', KEYLEDGER_WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8' },
      log: (line) => lines.push(line),
    });
    sink = await startSink();
    const texts = { email: EMAIL, 'master key': MASTER_KEY, 'wrong key': WRONG_KEY, 'admin key': ADMIN_KEY };
    for (const [what, text] of Object.entries(texts)) keepSecret(what, text);
    keepSecret('chosen key', CHOSEN_KEY);
  });
  afterAll(async () => {
    await app.close();
    await sink.close();
    // The log lines of the shutdown count, too.
    expectNoSecret();
  });
  const expectNoSecret = (): void => {
    const told = [...secrets].filter(([, text]) => lines.some((line) => line.includes(text)));
    expect(told.map(([what]) => what)).toEqual([]);
  };

  it('contains no secret when calls succeed', async () => {
    ({ id: product } = await created('/admin/products', { name: 'Editor', slug: 'editor', type: 'desktop' }));
    const plans = { license_type: 'subscription', license_model: 'standard', billing_interval: 'year' };
    ({ id: plan } = await created('/admin/plans', { product_id: product, name: 'Pro', slug: 'pro', ...plans }));
    const hook = await created('/admin/webhooks', { product_id: product, url: sink.url, events: ['license.*'] });
    keepSecret('webhook secret', hook.secret);
    const apiKey = await created('/admin/api-keys', { name: 'Shop', scopes: ['licenses:write'] });
    keepSecret('API key', apiKey.key);
    const license = await created('/admin/licenses', { product_id: product, plan_id: plan, email: EMAIL });
    const license_key = keepSecret('license key', license.license_key);
    const activated = await app.call('POST', '/license/activate', { license_key, identifier: 'desk' });
    keepSecret('lease', activated.body.token);
    const verified = await app.call('POST', '/license/verify', { license_key, identifier: 'desk' });
    expect(verified.body.code).toBe('VALID');
    await app.call('GET', `/admin/licenses?q=${encodeURIComponent(EMAIL)}`);
    await eventually(() => sink.received.length > 0);
    expectNoSecret();
  });

  it('contains no secret of refused calls', async () => {
    const wrong = [
      await app.call('GET', '/admin/licenses', undefined, { authorization: `Bearer ${WRONG_KEY}` }),
      await app.call('GET', '/admin/licenses', undefined, { authorization: WRONG_KEY }),
      await app.call('GET', `/admin/licenses/${WRONG_KEY}`),
      await app.call('GET', `/admin/licenses?cursor=${WRONG_KEY}`),
      await app.call('POST', '/admin/licenses', { product_id: product, plan_id: plan, email: [EMAIL], [EMAIL]: EMAIL }),
      await app.call('POST', '/license/verify', { license_key: { key: CHOSEN_KEY }, [CHOSEN_KEY]: 1 }),
      await app.call('POST', '/license/verify', `{"license_key": ${CHOSEN_KEY}}`),
      await app.call('POST', '/license/activate', { license_key: CHOSEN_KEY, identifier: 'a\u0000b' }),
    ];
    for (const { status } of wrong) expect([400, 401, 404, 422]).toContain(status);
    expectNoSecret();
  });

  it('contains no secret of internal errors, and each line names its request', async () => {
    const database = new pg.Client(app.databaseUrl);
    await database.connect();
    // PostgreSQL then includes the whole row in the detail of the error.
    await database.query('alter table licensing.licenses add constraint closed check (false) not valid');
    const { status, headers } = await app.call('POST', '/admin/licenses', {
      product_id: product,
      plan_id: plan,
      email: EMAIL,
    });
    await database.query('alter table licensing.licenses drop constraint closed');
    await database.end();
    expect(status).toBe(500);
    const all = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const failed = all.filter(({ msg }) => msg === 'a request failed');
    expect(failed).toMatchObject([{ request_id: headers['request-id'], err: { code: '23514', constraint: 'closed' } }]);
    expect(all.filter(({ request_id }) => request_id === headers['request-id'])).toHaveLength(2);
    expectNoSecret();
  });

  it('is one JSON object per line with time, level and message; answers include the id of their request', () => {
    for (const line of lines) {
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect(JSON.parse(line)).toMatchObject({
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        level: expect.any(Number),
        msg: expect.any(String),
      });
    }
    const answers = lines.filter((line) => line.includes('"msg":"answered"'));
    expect(answers.length).toBeGreaterThan(10);
    for (const line of answers) expect(JSON.parse(line)).toMatchObject({ request_id: expect.any(String) });
  });
});
