import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { eventually } from '../support/app.ts';
import { NO_CONTENT, startRawEndpoint } from './raw-endpoint.ts';
import { QUICK, type Received, type Sink, startSink, startWebhooks, type Webhooks } from './harness.ts';

const MASK = '********';

describe('OAuth2 client credentials', () => {
  let app: Webhooks;
  let sink: Sink;
  /** The requests that the token endpoint received, and the tokens that it issued. */
  const asked: Received[] = [];
  let good = new Set<string>();
  let refusing = false;
  beforeAll(async () => {
    app = await startWebhooks();
    sink = await startSink((received, response) => {
      if (received.path !== '/hooks/token') {
        const token = String(received.headers.authorization).replace('Bearer ', '');
        response.writeHead(good.has(token) ? 204 : 401).end();
        return;
      }
      asked.push(received);
      const token = `token-${asked.length}`;
      if (!refusing) good.add(token);
      response.writeHead(refusing ? 401 : 200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(
          refusing ? { error: 'invalid_client' } : { access_token: token, token_type: 'Bearer', expires_in: 3600 },
        ),
      );
    });
  });
  afterAll(async () => {
    await app.close();
    await sink.close();
  });
  const oauth2 = () => ({
    token_url: `${sink.url}/token`,
    client_id: 'keyledger',
    client_secret: 'deep-secret',
    scope: 'hooks',
  });

  it('get one token for all deliveries, and a new one when the endpoint rejects it', async () => {
    const { id } = await app.webhook(`${sink.url}/guarded`, { oauth2: oauth2() });
    const events = await Promise.all(Array.from({ length: 20 }, () => app.suspend()));
    for (const event of events) await app.delivery(id, event, ({ status }) => status === 'succeeded');
    expect(asked).toHaveLength(1);
    expect(asked[0]?.headers.authorization).toBe(`Basic ${Buffer.from('keyledger:deep-secret').toString('base64')}`);
    expect(asked[0]?.body).toBe('grant_type=client_credentials&scope=hooks');
    good = new Set();
    const last = await app.delivery(id, await app.suspend(), ({ status }) => status === 'succeeded');
    // Within the same attempt: a rejected token does not use up a retry of the delivery.
    expect(last.attempts).toHaveLength(1);
    expect(asked).toHaveLength(2);
    await app.call('DELETE', `/admin/webhooks/${id}`);
  });

  it('that are refused make the attempt fail', async () => {
    refusing = true;
    const { id } = await app.webhook(`${sink.url}/refused`, { oauth2: oauth2(), retry_schedule: [] });
    const failed = await app.delivery(id, await app.suspend(), ({ status }) => status === 'failed');
    expect(failed.attempts).toMatchObject([{ response_status: null, error: 'TOKEN_REFUSED' }]);
    refusing = false;
    await app.call('DELETE', `/admin/webhooks/${id}`);
  });

  it('are never shown, never sent elsewhere, and never sent to an internal network', async () => {
    const { id } = await app.webhook(`${sink.url}/shown`, { oauth2: oauth2() });
    const path = `/admin/webhooks/${id}`;
    const { body } = await app.call('GET', path);
    expect(body.oauth2).toEqual({ ...oauth2(), client_secret: MASK });
    expect(await app.call('PATCH', path, { oauth2: { ...body.oauth2, scope: 'other' } })).toMatchObject({
      status: 200,
    });
    const elsewhere = { ...body.oauth2, token_url: 'https://thief.example/token' };
    expect(await app.call('PATCH', path, { oauth2: elsewhere })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/oauth2/client_secret' }] },
    });
    const inner = { ...oauth2(), token_url: 'http://169.254.169.254/token' };
    expect(await app.call('PATCH', path, { oauth2: inner })).toMatchObject({
      status: 400,
      body: { code: 'ADDRESS_REFUSED', errors: [{ pointer: '/oauth2/token_url' }] },
    });
    await app.call('DELETE', path);
  });
});

describe('TLS', () => {
  let folder: string;
  let app: Webhooks;
  const servers: Server[] = [];
  const pem = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  };
  /** A certificate for one name, issued by the test authority. */
  const issue = (name: string, subjectAltName: string): void => {
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
      '-addext',
      `subjectAltName=${subjectAltName}`,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-days',
      '2',
      '-copy_extensions',
      'copy',
      '-out',
      `${name}.pem`,
    );
  };
  const serve = async (name: string, options: object = {}): Promise<{ url: string; seen: string[] }> => {
    const seen: string[] = [];
    const server = createTlsServer(
      { cert: pem(`${name}.pem`), key: pem(`${name}.key`), ...options },
      (request, response) => {
        seen.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN?.toString() ?? '');
        request.resume().on('end', () => response.writeHead(204).end());
      },
    );
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`, seen };
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keyledger-tls-'));
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '2',
      '-subj',
      '/CN=Test authority',
    );
    issue('server', 'IP:127.0.0.1');
    issue('other', 'DNS:other.example');
    issue('keyledger', 'DNS:keyledger.example');
    app = await startWebhooks({ ...QUICK, ladder: [], authorities: pem('ca.pem') });
  });
  afterAll(async () => {
    await app.close();
    for (const server of servers) server.close().closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  it('accepts only endpoints with a valid certificate', async () => {
    expect(await app.attemptAt((await serve('server')).url)).toMatchObject({ response_status: 204 });
    expect(await app.attemptAt((await serve('other')).url)).toMatchObject({
      response_status: null,
      error: 'TLS_ERROR',
    });
    const stranger = await startWebhooks({ ...QUICK, ladder: [] });
    const { id } = await stranger.webhook((await serve('server')).url);
    const { attempts } = await stranger.delivery(id, await stranger.suspend(), ({ status }) => status === 'failed');
    expect(attempts).toMatchObject([{ error: 'TLS_ERROR' }]);
    await stranger.close();
  });

  it('presents the certificate of the webhook to an endpoint that requests one', async () => {
    const { url, seen } = await serve('server', { ca: pem('ca.pem'), requestCert: true, rejectUnauthorized: true });
    const client_certificate = { certificate: pem('keyledger.pem'), private_key: pem('keyledger.key') };
    expect(await app.attemptAt(url, { client_certificate })).toMatchObject({ response_status: 204 });
    expect(seen).toEqual(['keyledger']);
    expect(await app.attemptAt(url)).toMatchObject({ response_status: null });
    expect(seen).toHaveLength(1);
  });

  it('closed by the endpoint before any answer on a reused connection costs no attempt', async () => {
    let cut = '';
    const { url, received, close } = await startRawEndpoint(
      (socket, { request, id }) => {
        if (request === 1) socket.write(NO_CONTENT);
        else socket.end(() => (cut ||= id));
      },
      { cert: pem('server.pem'), key: pem('server.key') },
    );
    const { id } = await app.webhook(url);
    while (cut === '')
      expect(await app.delivery(id, await app.suspend(), ({ status }) => status !== 'pending')).toMatchObject({
        status: 'succeeded',
        attempts: [{ response_status: 204 }],
      });
    expect(received.filter((one) => one.id === cut).map(({ request }) => request)).toEqual([2, 1]);
    await app.call('DELETE', `/admin/webhooks/${id}`);
    close();
  });

  it('never shows the private key, and refuses a key that does not match the certificate', async () => {
    const client_certificate = { certificate: pem('keyledger.pem'), private_key: pem('keyledger.key') };
    const { id } = await app.webhook('https://example.com/hooks', { client_certificate, active: false });
    const path = `/admin/webhooks/${id}`;
    const { body } = await app.call('GET', path);
    expect(body.client_certificate).toEqual({ certificate: pem('keyledger.pem'), private_key: MASK });
    expect(await app.call('PATCH', path, { client_certificate: body.client_certificate })).toMatchObject({
      status: 200,
    });
    const pair = (certificate: string, private_key: string) =>
      app.call('PATCH', path, { client_certificate: { certificate, private_key } });
    const refused = (pointer: string) => ({
      status: 400,
      body: { errors: [{ pointer: `/client_certificate/${pointer}` }] },
    });
    expect(await pair(pem('other.pem'), pem('keyledger.key'))).toMatchObject(refused('private_key'));
    expect(await pair(pem('other.pem'), MASK)).toMatchObject(refused('private_key'));
    expect(await pair('no certificate', pem('keyledger.key'))).toMatchObject(refused('certificate'));
    expect(await pair(pem('keyledger.pem'), 'no key')).toMatchObject(refused('private_key'));
  });
});

describe('the hand-shake', () => {
  let app: Webhooks;
  let sink: Sink;
  let answer: [status: number, headers: Record<string, string>] = [200, {}];
  beforeAll(async () => {
    app = await startWebhooks();
    sink = await startSink((_, response, request) =>
      request.method === 'OPTIONS' ? response.writeHead(...answer).end() : response.writeHead(204).end(),
    );
  });
  afterAll(async () => {
    await app.close();
    await sink.close();
  });
  const create = (fields = {}) =>
    app.call('POST', '/admin/webhooks', { url: sink.url, events: ['license.*'], handshake: true, ...fields });

  it('asks the named endpoint before a webhook is created', async () => {
    answer = [200, { 'webhook-allowed-origin': '127.0.0.1' }];
    expect(await create({ rate_limit: { per_second: 2 } })).toMatchObject({
      status: 201,
      body: { rate_limit: { per_second: 2 } },
    });
    expect(sink.received.at(-1)?.headers).toMatchObject({
      'webhook-request-origin': '127.0.0.1',
      'webhook-request-rate': '120',
    });
  });

  it.each<[string, Record<string, unknown>, unknown]>([
    ['90', {}, { per_minute: 90 }],
    ['90', { rate_limit: { per_second: 2 } }, { per_minute: 90 }],
    ['150', { rate_limit: { per_second: 2 } }, { per_second: 2 }],
    ['*', {}, null],
  ])('follows the allowed rate (%s, given %j)', async (allowed, fields, rate_limit) => {
    answer = [204, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': allowed }];
    expect(await create(fields)).toMatchObject({ status: 201, body: { rate_limit } });
  });

  it.each<[number, Record<string, string>]>([
    [200, {}],
    [200, { 'webhook-allowed-origin': 'other.example' }],
    [405, { 'webhook-allowed-origin': '*' }],
    [302, { 'webhook-allowed-origin': '*', location: '/' }],
    [200, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '0' }],
  ])('creates no webhook without consent (%i, %j)', async (...refusal) => {
    answer = refusal;
    expect(await create()).toMatchObject({ status: 400, body: { code: 'WEBHOOK_HANDSHAKE_REFUSED' } });
    expect(await create({ handshake: false })).toMatchObject({ status: 201 });
  });

  it('asks again on request, and changes nothing without consent', async () => {
    const { body: made } = await create({ handshake: false });
    answer = [403, {}];
    const path = `/admin/webhooks/${made.id}`;
    expect(await app.call('PATCH', path, { description: 'x', handshake: true })).toMatchObject({ status: 400 });
    expect((await app.call('GET', path)).body.description).toBeNull();
    answer = [200, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '30' }];
    expect(await app.call('PATCH', path, { handshake: true })).toMatchObject({
      body: { rate_limit: { per_minute: 30 } },
    });
  });
});

it('a test event goes to one webhook alone, whatever it subscribes to', async () => {
  const app = await startWebhooks();
  const sink = await startSink();
  const { id } = await app.webhook(`${sink.url}/tested`, { events: ['product.*'], ordering: 'strict' });
  await app.webhook(`${sink.url}/other`, { events: ['*'] });
  const queued = await app.call('POST', `/admin/webhooks/${id}/test`);
  expect(queued).toMatchObject({ status: 202, body: { event_type: 'webhook.test', status: 'pending' } });
  await app.delivery(id, queued.body.event_id, ({ status }) => status === 'succeeded');
  const got = await eventually(() => sink.received.filter((one) => one.id === queued.body.event_id));
  expect(got).toMatchObject([{ path: '/hooks/tested' }]);
  expect(JSON.parse(got[0]?.body ?? '')).toMatchObject({ type: 'webhook.test', data: { webhook_id: id } });
  await app.call('PATCH', `/admin/webhooks/${id}`, { active: false });
  expect(await app.call('POST', `/admin/webhooks/${id}/test`)).toMatchObject({
    status: 409,
    body: { code: 'WEBHOOK_DISABLED' },
  });
  await app.close();
  await sink.close();
});
