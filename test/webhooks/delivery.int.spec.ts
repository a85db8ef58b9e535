import pg from 'pg';
import { Webhook } from 'standardwebhooks';
import { eventually } from '../support/app.ts';
import { PRODUCT, QUICK, type Received, type Sink, startSink, startWebhooks, type Webhooks } from './harness.ts';

const verifies = (secret: string, { headers, body }: Received): unknown =>
  new Webhook(secret).verify(body, headers as Record<string, string>);

describe('a delivery', () => {
  let app: Webhooks;
  let sink: Sink;
  beforeAll(async () => {
    app = await startWebhooks();
    sink = await startSink();
  });
  afterAll(async () => {
    await app.close();
    await sink.close();
  });

  it('is the published event, signed so that the standard library verifies it', async () => {
    const { id, secret } = await app.webhook(`${sink.url}/first`);
    const event = await app.suspend();
    const got = await eventually(() => sink.received.find((one) => one.id === event && one.path === '/hooks/first'));
    expect(verifies(secret, got)).toMatchObject({
      specversion: '1.0',
      id: event,
      type: 'license.suspended',
      source: 'keyledger/licensing',
      data: { product_id: PRODUCT },
    });
    expect(got.headers['content-type']).toBe('application/cloudevents+json');
    expect(got.headers['user-agent']).toMatch(/^Keyledger-Webhooks\//);
    const delivery = await app.delivery(id, event, ({ status }) => status === 'succeeded');
    expect(delivery).toMatchObject({
      id: expect.stringMatching(/^dlv_/),
      event_type: 'license.suspended',
      next_attempt_at: null,
      attempts: [{ response_status: 204, response_body: '', error: null }],
    });
  });

  it('carries signatures of both secrets while one replaces the other', async () => {
    const { id, secret } = await app.webhook(`${sink.url}/rotated`);
    const rotated = await app.call('POST', `/admin/webhooks/${id}/rotate-secret`);
    expect(rotated).toMatchObject({ status: 200, body: { secret: expect.stringMatching(/^whsec_/) } });
    const event = await app.suspend();
    const got = await eventually(() => sink.received.find((one) => one.id === event && one.path === '/hooks/rotated'));
    for (const one of [secret, rotated.body.secret as string]) expect(verifies(one, got)).toMatchObject({ id: event });
    expect(() => verifies(`whsec_${Buffer.alloc(32).toString('base64')}`, got)).toThrow('No matching signature');
    await app.call('DELETE', `/admin/webhooks/${id}`);
  });

  it('goes to the webhooks of its product and of all products that want its type', async () => {
    const [mine, other] = [await app.product(), await app.product()];
    const webhooks = {
      mine: await app.webhook(`${sink.url}/mine`, { product_id: mine, events: ['license.*'] }),
      other: await app.webhook(`${sink.url}/other`, { product_id: other }),
      all: await app.webhook(`${sink.url}/all`, { events: ['license.suspended'] }),
      elsewhere: await app.webhook(`${sink.url}/elsewhere`, { events: ['product.*'] }),
      off: await app.webhook(`${sink.url}/off`, { active: false }),
    };
    const event = await app.suspend(mine);
    await app.delivery(webhooks.mine.id, event, ({ status }) => status === 'succeeded');
    await app.delivery(webhooks.all.id, event, ({ status }) => status === 'succeeded');
    // All deliveries of an event are written together, so a missing one will never appear.
    for (const { id } of [webhooks.other, webhooks.elsewhere, webhooks.off]) {
      const { body } = await app.call('GET', `/admin/webhooks/${id}/deliveries`);
      expect((body.data as { event_id: string }[]).map(({ event_id }) => event_id)).not.toContain(event);
    }
    for (const { id } of Object.values(webhooks)) await app.call('DELETE', `/admin/webhooks/${id}`);
  });

  it('is sent again on request, under the same id, whatever its status', async () => {
    const { id } = await app.webhook(`${sink.url}/again`);
    const event = await app.suspend();
    const first = await app.delivery(id, event, ({ status }) => status === 'succeeded');
    const resent = await app.call('POST', `/admin/webhooks/${id}/deliveries/${first.id}/resend`);
    expect(resent).toMatchObject({ status: 202, body: { id: first.id, event_id: event } });
    const second = await app.delivery(id, event, ({ attempts }) => attempts.length === 2);
    expect(second).toMatchObject({ id: first.id, status: 'succeeded' });
    expect(sink.received.filter((one) => one.id === event && one.path === '/hooks/again')).toHaveLength(2);
  });

  it('is listed newest first, by status and by type, page by page', async () => {
    const { id } = await app.webhook(`${sink.url}/listed`);
    const events = [await app.suspend(), await app.suspend(), await app.suspend()];
    for (const event of events) await app.delivery(id, event, ({ status }) => status === 'succeeded');
    const list = (query: string) => app.call('GET', `/admin/webhooks/${id}/deliveries?${query}`);
    const ids = ({ body }: { body: { data: { event_id: string }[] } }) => body.data.map(({ event_id }) => event_id);
    const page = await list('limit=2&status=succeeded');
    expect(ids(page)).toEqual([events[2], events[1]]);
    expect(ids(await list(`limit=2&cursor=${page.body.next_cursor}`))).toEqual([events[0]]);
    expect(ids(await list('status=failed'))).toEqual([]);
    expect(ids(await list('event_type=license.created'))).toEqual([]);
    expect(await list('state=failed')).toMatchObject({ status: 400 });
    expect(await app.call('GET', `/admin/webhooks/${id}/deliveries/dlv_01jd1zx0h8e4rvy2m6k9w3q5tb`)).toMatchObject({
      status: 404,
      body: { code: 'DELIVERY_NOT_FOUND' },
    });
  });
});

describe('an attempt that fails', () => {
  it('is retried with the same id and a new signature until it succeeds', async () => {
    const app = await startWebhooks();
    const sink = await startSink((_, response) =>
      response.writeHead(sink.received.length < 3 ? 503 : 200).end('so far'),
    );
    const { id, secret } = await app.webhook(sink.url);
    const event = await app.suspend();
    const delivery = await app.delivery(id, event, ({ status }) => status === 'succeeded');
    expect(delivery.attempts).toMatchObject([
      { response_status: 503, response_body: 'so far', error: null },
      { response_status: 503 },
      { response_status: 200 },
    ]);
    expect(sink.received.map((one) => one.id)).toEqual([event, event, event]);
    for (const one of sink.received) expect(verifies(secret, one)).toMatchObject({ id: event });
    await app.close();
    await sink.close();
  });

  it('for the last time leaves the delivery failed; it can be resent manually', async () => {
    const app = await startWebhooks();
    let answer = 500;
    const sink = await startSink((_, response) => response.writeHead(answer).end());
    const { id } = await app.webhook(sink.url);
    const event = await app.suspend();
    const failed = await app.delivery(id, event, ({ status }) => status === 'failed');
    expect(failed.attempts).toHaveLength(4);
    answer = 200;
    await app.call('POST', `/admin/webhooks/${id}/deliveries/${failed.id}/resend`);
    const sent = await app.delivery(id, event, ({ status }) => status === 'succeeded');
    expect(sent.attempts).toHaveLength(5);
    await app.close();
    await sink.close();
  });

  it('with 410 disables the webhook, which keeps its deliveries', async () => {
    const app = await startWebhooks();
    const sink = await startSink((_, response) => response.writeHead(410).end());
    const { id } = await app.webhook(sink.url);
    const event = await app.suspend();
    await app.delivery(id, event, ({ status }) => status === 'failed');
    const webhook = await eventually(async () => {
      const { body } = await app.call('GET', `/admin/webhooks/${id}`);
      return body.active === false && body;
    });
    expect(webhook).toMatchObject({ disabled_reason: 'gone' });
    const control = await app.webhook(`${sink.url}/control`);
    const next = await app.suspend();
    await app.delivery(control.id, next, ({ status }) => status === 'failed');
    expect(sink.received.map((one) => [one.path, one.id])).toEqual([
      ['/hooks', event],
      ['/hooks/control', next],
    ]);
    await app.close();
    await sink.close();
  });

  it('is not retried before the time that the endpoint asked for', async () => {
    const app = await startWebhooks();
    const sink = await startSink((_, response) =>
      sink.received.length === 1
        ? response.writeHead(429, { 'retry-after': '1' }).end()
        : response.writeHead(200).end(),
    );
    const { id } = await app.webhook(sink.url);
    const event = await app.suspend();
    await app.delivery(id, event, ({ status }) => status === 'succeeded');
    const [first, second] = sink.received.map(({ at }) => at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(950);
    await app.close();
    await sink.close();
  });

  it('because of a restart of the service is resumed', async () => {
    const before = await startWebhooks({ ...QUICK, ladder: [2_000] });
    let answer = 500;
    const sink = await startSink((_, response) => response.writeHead(answer).end());
    const { id } = await before.webhook(sink.url);
    const event = await before.suspend();
    await before.delivery(id, event, ({ attempts }) => attempts.length === 1);
    await before.app.close();
    answer = 200;
    const after = await startWebhooks(QUICK, { databaseUrl: before.databaseUrl });
    const delivery = await after.delivery(id, event, ({ status }) => status === 'succeeded');
    expect(delivery.attempts).toMatchObject([{ response_status: 500 }, { response_status: 200 }]);
    await after.close();
    await sink.close();
  });

  it('whose result cannot be stored does not block the shutdown, and is repeated under its id', async () => {
    const before = await startWebhooks({ ...QUICK, lease: 3_000 });
    const sink = await startSink();
    const database = new pg.Client(before.databaseUrl);
    await database.connect();
    const { id } = await before.webhook(sink.url);
    await database.query('alter table webhooks.attempts rename to away');
    const event = await before.suspend();
    await eventually(() => sink.received.length === 1);
    await before.app.close();
    await database.query('alter table webhooks.away rename to attempts');
    await database.end();
    const after = await startWebhooks(QUICK, { databaseUrl: before.databaseUrl });
    await after.delivery(id, event, ({ status }) => status === 'succeeded');
    expect(sink.received).toMatchObject([{ id: event }, { id: event }]);
    await after.close();
    await sink.close();
  });
});
