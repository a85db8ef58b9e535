import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { eventually, type Reply, startApp, type TestApp } from '../../../../test/support/app.ts';
import { MovableClock } from '../../../../test/support/clock.ts';
import { type ReceivedMail, startSmtp, type TestSmtp } from '../../../../test/support/smtp.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { licensingService } from '../licensing.module.ts';

type Fields = Record<string, unknown>;
const SERVICES = [gatewayService, licensingService];

describe('seats over HTTP', () => {
  let smtp: TestSmtp;
  const clock = new MovableClock();
  let app: TestApp;
  let pool: pg.Pool;
  let product: Fields;
  let count = 0;

  const issue = async (max_seats: number | null, over: Fields = {}, of = app): Promise<string> => {
    const slug = `team-${++count}`;
    const shape = { name: 'Team', slug, license_type: 'perpetual', license_model: 'standard', max_seats };
    const product_id = over['product_id'] ?? product['id'];
    const plan = await of.create('/admin/plans', { product_id, ...shape });
    const license = { product_id, plan_id: plan['id'], email: 'ada@example.com' };
    return String((await of.create('/admin/licenses', license))['id']);
  };
  const invite = (license_id: string, email: string, over: Fields = {}, of = app): Promise<Reply> =>
    of.call('POST', '/portal/seats', { license_id, email, ...over });
  const accept = (token: string, of = app): Promise<Reply> =>
    of.call('POST', '/invites/accept', { token }, { authorization: undefined });
  const mailsTo = (email: string): ReceivedMail[] =>
    smtp.received.filter(({ to }) => to.some((address) => address.toLowerCase() === email.toLowerCase()));
  const tokenIn = ({ text }: ReceivedMail): string => /code:\s+([\w-]{43})/.exec(text)?.[1] ?? '';
  const tokenFor = (email: string, nth = 1): Promise<string> =>
    eventually(() => {
      const mail = mailsTo(email)[nth - 1];
      return mail && tokenIn(mail);
    });
  const invited = async (license_id: string, email: string, over: Fields = {}): Promise<[string, string]> => {
    const reply = await invite(license_id, email, over);
    expect(reply).toMatchObject({ status: 201, body: { status: 'invited' } });
    return [String((reply.body as Fields)['id']), await tokenFor(email)];
  };

  beforeAll(async () => {
    smtp = await startSmtp();
    app = await startApp({
      clock,
      services: SERVICES,
      env: {
        KEYLEDGER_SMTP_URL: smtp.url,
        KEYLEDGER_MAIL_FROM: 'seats@example.com',
        KEYLEDGER_INVITE_URL: 'https://studio.example/join',
      },
    });
    pool = new pg.Pool({ connectionString: app.databaseUrl, max: 2 });
    product = await app.create('/admin/products', { name: 'Studio <b>&', slug: 'studio', type: 'saas' });
  });
  afterAll(async () => {
    await pool.end();
    await app.close();
    await smtp.close();
  });

  it('are accepted once, with the token of the mail', async () => {
    const license = await issue(2);
    const reply = await invite(license, 'Grace@Example.com', { role: 'owner' });
    expect(reply).toMatchObject({
      status: 201,
      body: { license_id: license, email: 'Grace@Example.com', role: 'owner', status: 'invited', accepted_at: null },
    });
    expect(JSON.stringify(reply.body)).not.toContain('token');
    const token = await tokenFor('Grace@Example.com');
    const [mail] = mailsTo('Grace@Example.com');
    expect(mail?.text).toContain(`https://studio.example/join#token=${token}`);
    expect(mail?.headers).toMatch(/^Subject: You are invited to Studio <b>&/m);
    expect(mail?.html).toContain('Studio &lt;b&gt;&amp;');
    const pasted = `\ufeff ${token.slice(0, 20)}\r\n\u200b${token.slice(20)}\n`;
    expect(await accept(pasted)).toMatchObject({ status: 200, body: { status: 'accepted', role: 'owner' } });
    expect(await accept(token)).toMatchObject({ status: 410, body: { code: 'INVITE_USED' } });
    expect(await accept('x'.repeat(43))).toMatchObject({ status: 404, body: { code: 'INVITE_NOT_FOUND' } });
    // The database does not contain the token.
    const { rows } = await pool.query<{ all: string }>(
      `select string_agg(t::text, ' ') as all from (
        select e::text as t from licensing.events e union all select s::text from licensing.seats s
        union all select m::text from licensing.mails m) x`,
    );
    expect(rows[0]?.all).toContain(license);
    expect(rows[0]?.all).not.toContain(token);
  });

  it('are accepted once by fifty concurrent requests', async () => {
    const [, token] = await invited(await issue(2), 'raced@example.com');
    const replies = await Promise.all(Array.from({ length: 50 }, () => accept(token)));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(replies.filter(({ status }) => status === 410)).toHaveLength(49);
  });

  it('never exceed the limit with two hundred concurrent requests at two instances', async () => {
    const other = await startApp({ services: SERVICES, databaseUrl: app.databaseUrl });
    try {
      const license = await issue(5);
      const replies = await Promise.all(
        Array.from({ length: 200 }, (_, n) => invite(license, `crowd${n}@example.com`, {}, n % 2 === 0 ? app : other)),
      );
      const taken = replies.filter(({ status }) => status === 201);
      const refused = replies.filter(({ status }) => status === 409);
      expect([taken.length, refused.length]).toEqual([5, 195]);
      expect(refused[0]?.body).toMatchObject({ code: 'SEAT_LIMIT_REACHED', max: 5, current: 5 });
      const list = await other.call('GET', `/portal/seats?license_id=${license}`);
      expect((list.body as { data: unknown[] }).data).toHaveLength(5);
    } finally {
      await other.close();
    }
  });

  it('are refused for a license that another instance has just suspended', async () => {
    const other = await startApp({ services: SERVICES, databaseUrl: app.databaseUrl });
    try {
      for (let round = 0; round < 10; round++) {
        const license = await issue(5);
        // Loads the usable license into the memory of both instances.
        await Promise.all([app, other].map((of) => of.call('GET', `/admin/licenses/${license}`)));
        expect(await app.call('POST', `/admin/licenses/${license}/suspend`, {})).toMatchObject({ status: 200 });
        expect(await invite(license, 'late@example.com', {}, other)).toMatchObject({
          status: 409,
          body: { code: 'LICENSE_SUSPENDED' },
        });
      }
    } finally {
      await other.close();
    }
  });

  it('get a new token when invited again; the old token no longer works', async () => {
    const [seat, old] = await invited(await issue(1), 'again@example.com');
    expect(await app.call('POST', `/portal/seats/${seat}/resend`, {})).toMatchObject({
      status: 200,
      body: { status: 'invited' },
    });
    const fresh = await tokenFor('again@example.com', 2);
    expect(fresh).not.toBe(old);
    expect(await accept(old)).toMatchObject({ status: 404 });
    expect(await accept(fresh)).toMatchObject({ status: 200 });
    expect(await app.call('POST', `/portal/seats/${seat}/resend`, {})).toMatchObject({
      status: 409,
      body: { code: 'SEAT_ACCEPTED' },
    });
  });

  it('change roles and are removed, except for the last owner', async () => {
    const license = await issue(2);
    const [owner, token] = await invited(license, 'owner@example.com', { role: 'owner' });
    const [member, withdrawn] = await invited(license, 'member@example.com');
    expect(await accept(token)).toMatchObject({ status: 200 });
    const path = (id: string): string => `/portal/seats/${id}`;
    expect(await app.call('DELETE', path(owner))).toMatchObject({ status: 409, body: { code: 'LAST_OWNER' } });
    expect(await app.call('PATCH', path(owner), { role: 'admin' })).toMatchObject({
      status: 409,
      body: { code: 'LAST_OWNER' },
    });
    expect(await app.call('PATCH', path(member), { role: 'admin' })).toMatchObject({
      status: 200,
      body: { role: 'admin' },
    });
    expect(await invite(license, 'MEMBER@example.com')).toMatchObject({ status: 409, body: { code: 'SEAT_EXISTS' } });
    expect(await app.call('DELETE', path(member))).toMatchObject({ status: 204 });
    expect(await app.call('DELETE', path(member))).toMatchObject({ status: 404, body: { code: 'SEAT_NOT_FOUND' } });
    expect(await accept(withdrawn)).toMatchObject({ status: 410, body: { code: 'INVITE_WITHDRAWN' } });
    const list = await app.call('GET', `/portal/seats?license_id=${license}`);
    expect(list.body).toMatchObject({ data: [{ id: owner, status: 'accepted' }], next_cursor: null });
  });

  it('are in the history of their license, in chronological order', async () => {
    const license = await issue(3);
    const [seat, token] = await invited(license, 'history@example.com');
    await app.call('POST', `/admin/licenses/${license}/suspend`, { reason: 'pause' });
    await app.call('POST', `/admin/licenses/${license}/reinstate`, {});
    expect(await accept(token)).toMatchObject({ status: 200 });
    await app.call('DELETE', `/portal/seats/${seat}`);
    const told: Fields[] = [];
    let cursor: string | null = null;
    do {
      const query = cursor === null ? '' : `&cursor=${cursor}`;
      const { body }: Reply = await app.call('GET', `/admin/licenses/${license}/events?limit=2${query}`);
      const page = body as { data: Fields[]; next_cursor: string | null };
      told.push(...page.data);
      cursor = page.next_cursor;
    } while (cursor !== null);
    const seats = `${license}/seats`;
    expect(told.map(({ type, subject, version }) => [type, subject, version])).toEqual([
      ['license.created', license, 1],
      ['seat.invited', seats, 1],
      ['license.suspended', license, 2],
      ['license.reinstated', license, 3],
      ['seat.added', seats, 2],
      ['seat.removed', seats, 3],
    ]);
    expect(told[4]).toMatchObject({ actor: { type: 'user' } });
    expect(JSON.stringify(told)).not.toMatch(/token_hash|key_hash|key_sealed/);
  });

  it('are refused for products without seats and for API keys of other products', async () => {
    const desktop = await app.create('/admin/products', { name: 'App', slug: `app-${++count}`, type: 'desktop' });
    const license = await issue(3, { product_id: desktop['id'] });
    expect(await invite(license, 'no@example.com')).toMatchObject({
      status: 403,
      body: { code: 'FEATURE_NOT_AVAILABLE' },
    });
    const bound = await app.create('/admin/api-keys', {
      name: 'bound',
      scopes: ['licenses:write'],
      product_id: desktop['id'],
    });
    const [seat] = await invited(await issue(2), 'hidden@example.com');
    const as = { authorization: `Bearer ${String(bound['key'])}` };
    expect(await app.call('DELETE', `/portal/seats/${seat}`, undefined, as)).toMatchObject({
      status: 404,
      body: { code: 'SEAT_NOT_FOUND' },
    });
  });

  it('become free when an invitation expires, with an event', async () => {
    const license = await issue(1);
    const [seat, token] = await invited(license, 'slow@example.com');
    clock.pass(7 * 86_400_000);
    try {
      expect(await accept(token)).toMatchObject({ status: 410, body: { code: 'INVITE_EXPIRED' } });
      // A job records the expiry without any request.
      await eventually(async () => {
        const { rows } = await pool.query(
          `select 1 from licensing.events where type = 'seat.invite_expired' and stream_id = $1`,
          [`${license}/seats`],
        );
        return rows.length === 1;
      });
      expect(await invite(license, 'next@example.com')).toMatchObject({ status: 201 });
      const { body } = await app.call('GET', `/portal/seats?license_id=${license}`);
      expect(body).toMatchObject({ data: [{ id: seat, status: 'expired' }, { status: 'invited' }] });
    } finally {
      clock.reset();
    }
  });

  it('retry the same mail while the mail server is unavailable', async () => {
    smtp.answer = 451;
    const license = await issue(1);
    await invite(license, 'patient@example.com');
    await eventually(async () => {
      const { rows } = await pool.query<{ attempts: number }>('select attempts from licensing.mails');
      return (rows[0]?.attempts ?? 0) > 0;
    });
    smtp.answer = undefined;
    const token = await tokenFor('patient@example.com');
    expect(mailsTo('patient@example.com')).toHaveLength(1);
    expect(await accept(token)).toMatchObject({ status: 200 });
  });
});

describe('invitations without a mail server', () => {
  it('are written as files to the data folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keyledger-mail-'));
    const app = await startApp({ services: SERVICES, env: { KEYLEDGER_DATA: folder } });
    try {
      const post = async (path: string, body: Fields): Promise<Fields> =>
        (await app.call('POST', path, body)).body as Fields;
      const product = await post('/admin/products', { name: 'Studio', slug: 'studio', type: 'hybrid' });
      const shape = { name: 'Team', slug: 'team', license_type: 'perpetual', license_model: 'standard', max_seats: 1 };
      const plan = await post('/admin/plans', { product_id: product['id'], ...shape });
      const issued = { product_id: product['id'], plan_id: plan['id'], email: 'ada@example.com' };
      const license = await post('/admin/licenses', issued);
      await post('/portal/seats', { license_id: license['id'], email: 'file@example.com' });
      const file = await eventually(async () => {
        const files = await readdir(join(folder, 'mail')).catch(() => []);
        return files.find((name) => name.endsWith('.eml'));
      });
      const mail = await readFile(join(folder, 'mail', file), 'utf8');
      expect(mail).toContain('To: file@example.com');
      const token = /code:\s+([\w-]{43})/.exec(mail)?.[1] ?? '';
      expect(await app.call('POST', '/invites/accept', { token })).toMatchObject({ status: 200 });
    } finally {
      await app.close();
      await rm(folder, { recursive: true });
    }
  });
});
