import type { ApiVersion } from '../../apps/webhooks/src/payload/versions.ts';
import { newId } from '#domain/shared/id';
import { eventually } from '../support/app.ts';
import { PRODUCT, QUICK, type Received, type Sink, startSink, startWebhooks, type Webhooks } from './harness.ts';

const URL = 'https://example.com/hooks';

describe('settings of a webhook', () => {
  let app: Webhooks;
  beforeAll(async () => {
    app = await startWebhooks();
  });
  afterAll(() => app.close());
  const create = (body: Record<string, unknown>) =>
    app.call('POST', '/admin/webhooks', { url: URL, events: ['*'], ...body });

  it('have defaults, which are shown', async () => {
    expect((await create({})).body).toMatchObject({
      rate_limit: null,
      concurrency: 10,
      retry_schedule: null,
      timeouts: null,
      headers: {},
      tags: [],
      filter: null,
      payload_format: 'cloudevents',
      api_version: '2026-11-01',
      signatures: ['v1'],
      public_key: expect.stringMatching(/^whpk_/),
      circuit: { state: 'closed', failures: 0, opened_at: null, next_probe_at: null },
    });
  });

  it('are stored when it is created, and changed one by one', async () => {
    const settings = {
      rate_limit: { per_second: 5 },
      concurrency: 3,
      retry_schedule: [1, 60],
      timeouts: { connect: 2, headers: 10 },
      headers: { 'X-Tenant': 'acme' },
      tags: ['shop', 'eu'],
      filter: { all: [{ path: 'data.plan_id', eq: 'plan_1' }, { not: { path: 'subject', starts_with: 'prod_' } }] },
      payload_format: 'plain',
      signatures: ['v1', 'v1a'],
    };
    const { body: made } = await create(settings);
    expect(made).toMatchObject(settings);
    const path = `/admin/webhooks/${made.id}`;
    expect((await app.call('GET', path)).body).toMatchObject(settings);
    const changed = { rate_limit: null, tags: [] };
    expect((await app.call('PATCH', path, changed)).body).toMatchObject({ ...settings, ...changed });
    expect((await app.call('GET', path)).body).toMatchObject({ ...settings, ...changed });
  });

  it.each<[Record<string, unknown>, string]>([
    [{ rate_limit: { per_second: 0 } }, '/rate_limit/per_second'],
    [{ rate_limit: { per_hour: 5 } }, '/rate_limit/per_hour'],
    [{ concurrency: 101 }, '/concurrency'],
    [{ concurrency: 0 }, '/concurrency'],
    [{ retry_schedule: [0] }, '/retry_schedule/0'],
    [{ retry_schedule: Array.from({ length: 21 }, () => 1) }, '/retry_schedule'],
    [{ timeouts: { headers: 31 } }, '/timeouts/headers'],
    [{ headers: { 'Content-Type': 'text/plain' } }, '/headers/Content-Type'],
    [{ headers: { 'webhook-signature': 'v1,x' } }, '/headers/webhook-signature'],
    [{ headers: { 'ce-type': 'x' } }, '/headers/ce-type'],
    [{ headers: { Host: 'example.com' } }, '/headers/Host'],
    [{ headers: { 'X-A': 'a\r\nX-B: b' } }, '/headers/X-A'],
    [{ headers: { 'X-A': 'é' } }, '/headers/X-A'],
    [{ headers: { 'X A': 'a' } }, '/headers/X A'],
    [{ headers: { 'X-A': '1', 'x-a': '2' } }, '/headers/x-a'],
    [{ headers: { 'X-Token': '********' } }, '/headers/X-Token'],
    [{ filter: { path: 'data.plan_id', like: 'x' } }, '/filter/like'],
    [{ filter: {} }, '/filter/path'],
    [
      {
        filter: {
          any: [
            { path: 'data.plan_id', eq: 1 },
            { path: 'nowhere', eq: 1 },
          ],
        },
      },
      '/filter/any/1/path',
    ],
    [{ payload_format: 'xml' }, '/payload_format'],
    [{ api_version: '2020-01-01' }, '/api_version'],
    [{ signatures: [] }, '/signatures'],
  ])('%j are refused', async (fields, pointer) => {
    const refused = { status: 400, body: { code: 'VALIDATION_FAILED' } };
    const answer = await create(fields);
    expect(answer).toMatchObject(refused);
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    const { body: made } = await create({});
    expect(await app.call('PATCH', `/admin/webhooks/${made.id}`, fields)).toMatchObject(refused);
  });

  it('hide a header that is secret', async () => {
    const secret = 'Bearer deep-secret';
    const { body: made } = await create({ headers: { Authorization: secret, 'X-Tenant': 'acme' } });
    const masked = { Authorization: '********', 'X-Tenant': 'acme' };
    expect(made.headers).toEqual(masked);
    const path = `/admin/webhooks/${made.id}`;
    // The settings that were read can be written back.
    const { body } = await app.call('PATCH', path, { headers: { ...masked, 'X-Tenant': 'other' } });
    expect(body.headers).toEqual({ ...masked, 'X-Tenant': 'other' });
    expect(JSON.stringify((await app.call('GET', '/admin/webhooks')).body)).not.toContain('deep-secret');
  });

  it('are filters of the list of webhooks', async () => {
    const tag = newId('lic');
    const { body: made } = await create({ tags: ['other', tag] });
    const { body } = await app.call('GET', `/admin/webhooks?tag=${tag}`);
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual([made.id]);
  });
});

describe('a delivery, as its webhook wants it,', () => {
  let app: Webhooks;
  let sink: Sink;
  let answer: (received: Received) => number = () => 204;
  beforeAll(async () => {
    app = await startWebhooks();
    sink = await startSink((received, response) => response.writeHead(answer(received)).end());
  });
  afterAll(async () => {
    await app.close();
    await sink.close();
  });
  const receipt = (path: string, event: string): Promise<Received> =>
    eventually(() => sink.received.find((one) => one.path === `/hooks/${path}` && one.id === event));

  it('carries its headers, including secret ones, but they do not replace ours', async () => {
    const headers = { authorization: 'Bearer deep-secret', 'X-Tenant': 'acme' };
    const { id } = await app.webhook(`${sink.url}/headers`, { headers });
    const got = await receipt('headers', await app.suspend());
    expect(got.headers).toMatchObject({ authorization: 'Bearer deep-secret', 'x-tenant': 'acme' });
    await app.call('PATCH', `/admin/webhooks/${id}`, { headers: { authorization: '********' } });
    const next = await receipt('headers', await app.suspend());
    expect(next.headers).toMatchObject({ authorization: 'Bearer deep-secret' });
    expect(next.headers).not.toHaveProperty('x-tenant');
  });

  it('is a binary CloudEvent', async () => {
    await app.webhook(`${sink.url}/binary`, { payload_format: 'cloudevents_binary' });
    const license = newId('lic');
    const event = await app.suspend(undefined, license);
    const got = await receipt('binary', event);
    expect(got.headers).toMatchObject({
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': event,
      'ce-type': 'license.suspended',
      'ce-source': 'keyledger/licensing',
      'ce-subject': license,
      'ce-time': expect.stringMatching(/Z$/),
    });
    expect(JSON.parse(got.body)).toEqual({ product_id: PRODUCT, reason: null });
  });

  it('is plain', async () => {
    await app.webhook(`${sink.url}/plain`, { payload_format: 'plain' });
    const got = await receipt('plain', await app.suspend());
    expect(got.headers['content-type']).toBe('application/json');
    expect(JSON.parse(got.body)).toEqual({
      type: 'license.suspended',
      timestamp: expect.stringMatching(/Z$/),
      data: { product_id: PRODUCT, reason: null },
    });
  });

  it('is created only for an event that matches its filter', async () => {
    const wanted = newId('lic');
    const filter = { path: 'subject', in: [wanted] };
    const { id } = await app.webhook(`${sink.url}/filtered`, { filter });
    const other = await app.suspend();
    const event = await app.suspend(undefined, wanted);
    await receipt('filtered', event);
    const deliveries = async () => {
      const { body } = await app.call('GET', `/admin/webhooks/${id}/deliveries`);
      return (body.data as { event_id: string }[]).map(({ event_id }) => event_id);
    };
    expect(await deliveries()).toEqual([event]);
    await app.call('PATCH', `/admin/webhooks/${id}`, { filter: null });
    const last = await app.suspend();
    await receipt('filtered', last);
    expect(await deliveries()).not.toContain(other);
  });

  it('is retried on its own schedule', async () => {
    answer = ({ path }) => (path.endsWith('/scheduled') ? 500 : 204);
    const { id } = await app.webhook(`${sink.url}/scheduled`, { retry_schedule: [] });
    const failed = await app.delivery(id, await app.suspend(), ({ status }) => status === 'failed');
    expect(failed.attempts).toHaveLength(1);
    await app.call('PATCH', `/admin/webhooks/${id}`, { retry_schedule: [3_600] });
    const waiting = await app.delivery(id, await app.suspend(), ({ attempts }) => attempts.length === 1);
    const pause = Date.parse(waiting.next_attempt_at) - Date.parse(waiting.attempts[0].at);
    expect(pause).toBeGreaterThan(3_600_000 * 0.79);
    expect(pause).toBeLessThan(3_600_000 * 1.21);
    await app.call('DELETE', `/admin/webhooks/${id}`);
  });
});

it('a webhook limits its concurrent attempts', async () => {
  const app = await startWebhooks(QUICK);
  let [underWay, most] = [0, 0];
  const sink = await startSink((_, response) => {
    most = Math.max(most, ++underWay);
    setTimeout(() => {
      underWay--;
      response.writeHead(204).end();
    }, 5);
  });
  await app.webhook(sink.url, { concurrency: 2 });
  await Promise.all(Array.from({ length: 40 }, () => app.suspend()));
  await eventually(() => sink.received.length === 40);
  expect(most).toBe(2);
  await app.close();
  await sink.close();
});

it('a webhook pinned to an older version receives the older shape of older and newer events', async () => {
  const step = {
    up: ({ reason, ...data }: Record<string, unknown>) => ({ ...data, why: reason }),
    down: ({ why, ...data }: Record<string, unknown>) => ({ ...data, reason: why }),
  };
  const versions: ApiVersion[] = [
    { name: '2026-11-01', steps: {} },
    { name: '2027-03-01', steps: { 'license.suspended': { 2: step } } },
  ];
  const app = await startWebhooks({ ...QUICK, versions });
  const sink = await startSink();
  // Created under the current version, and pinned to it.
  await app.webhook(sink.url);
  const event = await app.suspend();
  const got = await eventually(() => sink.received.find(({ id }) => id === event));
  expect(JSON.parse(got.body)).toMatchObject({
    dataschema: 'urn:keyledger:event:license.suspended:1',
    data: { reason: null },
  });
  await app.close();
  await sink.close();
});
