import pg from 'pg';
import { eventually } from '../support/app.ts';
import { startSmtp, type TestSmtp } from '../support/smtp.ts';
import { QUICK, type Sink, startSink, startWebhooks, type Webhooks } from './harness.ts';

const DAY = `interval '1 day'`;

describe('the service of webhooks', () => {
  let app: Webhooks;
  let sink: Sink;
  let smtp: TestSmtp;
  let database: pg.Client;
  const broken = new Set<string>();
  beforeAll(async () => {
    smtp = await startSmtp();
    app = await startWebhooks(
      { ...QUICK, ladder: [20] },
      { env: { KEYLEDGER_SMTP_URL: smtp.url, KEYLEDGER_OPERATOR_EMAIL: 'ops@example.com' } },
    );
    sink = await startSink(({ path }, response) => response.writeHead(broken.has(path) ? 500 : 204).end());
    database = new pg.Client({ connectionString: app.databaseUrl, options: '-c search_path=webhooks' });
    await database.connect();
  });
  afterAll(async () => {
    await database.end();
    await app.close();
    await sink.close();
    await smtp.close();
  });

  interface Told {
    readonly type: string;
    readonly subject: string;
    readonly data: Record<string, unknown>;
  }
  const told = (path: string): Told[] =>
    sink.received.filter((one) => one.path === `/hooks${path}`).map(({ body }) => JSON.parse(body) as Told);
  const count = async (type: string): Promise<number> => {
    const { rows } = await database.query<{ count: number }>(
      'select count(*)::int as count from events where type = $1',
      [type],
    );
    return rows[0]?.count ?? 0;
  };

  it('reports a failed delivery once to other subscribers, never to its own webhook', async () => {
    broken.add('/hooks/bad');
    broken.add('/hooks/deaf');
    const bad = await app.webhook(`${sink.url}/bad`, { events: ['license.*', 'webhook.*'] });
    await app.webhook(`${sink.url}/watcher`, { events: ['webhook.delivery_exhausted'] });
    await app.webhook(`${sink.url}/all`, { events: ['*'] });
    // The second webhook also fails, with the report about the first; that failure causes no further report.
    const deaf = await app.webhook(`${sink.url}/deaf`, { events: ['webhook.*'] });
    const event = await app.suspend();
    const failed = await app.delivery(bad.id, event, ({ status }) => status === 'failed');
    const [first] = await eventually(() => told('/watcher').length > 0 && told('/watcher'));
    expect(first).toMatchObject({
      type: 'webhook.delivery_exhausted',
      subject: failed.id,
      data: { webhook_id: bad.id, event_id: event, event_type: 'license.suspended', reason: 'attempts', attempts: 2 },
    });
    await eventually(async () => {
      const { body } = await app.call('GET', `/admin/webhooks/${deaf.id}/deliveries?status=failed`);
      return body.data.length === 1;
    });
    // Another webhook receives everything after them, so further reports would have arrived.
    const later = await app.suspend();
    await app.delivery(bad.id, later, ({ status }) => status === 'failed');
    await eventually(() => told('/watcher').length === 2);
    expect(await count('webhook.delivery_exhausted')).toBe(2);
    expect(told('/all').map(({ type }) => type)).toEqual(['license.suspended', 'license.suspended']);
    expect(told('/bad').every(({ type }) => type === 'license.suspended')).toBe(true);
    await app.call('DELETE', `/admin/webhooks/${bad.id}`);
    await app.call('DELETE', `/admin/webhooks/${deaf.id}`);
  });

  it('disables a webhook after five days of only failures; it can be enabled again', async () => {
    broken.add('/hooks/dead');
    await app.webhook(`${sink.url}/listener`, { events: ['webhook.endpoint_disabled'] });
    const { id } = await app.webhook(`${sink.url}/dead`);
    const age = (days: number): Promise<unknown> =>
      database.query(`update delivery_gates set failing_since = now() - $2 * ${DAY} where endpoint_id = $1`, [
        id,
        days,
      ]);
    const fail = async (): Promise<void> => {
      await app.delivery(id, await app.suspend(), ({ status }) => status === 'failed');
    };
    await fail();
    await age(4.9);
    await fail();
    const webhook = async () => (await app.call('GET', `/admin/webhooks/${id}`)).body;
    expect(await webhook()).toMatchObject({ active: true, disabled_at: null });
    await age(5.1);
    await app.suspend();
    const disabled = await eventually(async () => {
      const found = await webhook();
      return found.active === false && found;
    });
    expect(disabled).toMatchObject({ disabled_reason: 'failing', disabled_at: expect.any(String) });
    const [event] = await eventually(() => told('/listener').length > 0 && told('/listener'));
    expect(event).toMatchObject({ subject: id, data: { reason: 'failing', failing_since: expect.any(String) } });
    const mail = await eventually(() => smtp.received.find(({ text }) => text.includes(id)));
    expect(mail.to).toEqual(['ops@example.com']);
    expect(mail.text).toContain('nothing but failures');
    expect(mail.text).not.toContain('/dead');

    const missed = await app.suspend();
    const witness = await app.webhook(`${sink.url}/witness`);
    await app.delivery(witness.id, await app.suspend(), ({ status }) => status === 'succeeded');
    broken.delete('/hooks/dead');
    await app.call('PATCH', `/admin/webhooks/${id}`, { active: true });
    await app.call('POST', `/admin/webhooks/${id}/replays`, { since: disabled.disabled_at });
    await eventually(() => sink.received.some((one) => one.id === missed && one.path === '/hooks/dead'));
  });

  it('counts the five days from the last success', async () => {
    const { id } = await app.webhook(`${sink.url}/sometimes`);
    broken.add('/hooks/sometimes');
    await app.delivery(id, await app.suspend(), ({ status }) => status === 'failed');
    // It has failed for less than five days; otherwise it would be disabled before a delivery can succeed.
    await database.query(
      `update delivery_gates set failing_since = now() - 9 * ${DAY}, failed_at = now() - 8 * ${DAY} where endpoint_id = $1`,
      [id],
    );
    broken.delete('/hooks/sometimes');
    await app.delivery(id, await app.suspend(), ({ status }) => status === 'succeeded');
    broken.add('/hooks/sometimes');
    await app.delivery(id, await app.suspend(), ({ status }) => status === 'failed');
    const { rows } = await database.query<{ days: number }>(
      `select extract(epoch from now() - failing_since) / 86400 as days from delivery_gates where endpoint_id = $1`,
      [id],
    );
    expect(Number(rows[0]?.days)).toBeLessThan(1);
  });
});
