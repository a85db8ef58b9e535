import { QUICK, startWebhooks, type Webhooks } from './harness.ts';
import { NO_CONTENT } from './raw-endpoint.ts';
import { suiteEndpoints } from './suite-endpoints.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const EARLY_HINTS = 'HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n';
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';

describe('answers of an endpoint', () => {
  let app: Webhooks;
  const { raw, close } = suiteEndpoints();
  beforeAll(async () => {
    app = await startWebhooks({ ...QUICK, ladder: [], bodyTimeout: 1_000 });
  });
  afterAll(async () => {
    await app.close();
    await close();
  });

  it.each([
    ['100', CONTINUE],
    ['100 twice', CONTINUE + CONTINUE],
    ['103', EARLY_HINTS],
    ['100, 102 and 103', `${CONTINUE}HTTP/1.1 102 Processing\r\n\r\n${EARLY_HINTS}`],
  ])('may begin with an unrequested %s', async (_, interim) => {
    const { url } = await raw((socket) => socket.write(interim + NO_CONTENT));
    expect(await app.attemptAt(url)).toMatchObject({ status: 'succeeded', response_status: 204, error: null });
  });

  it('may begin with an unrequested 100, before each answer on one connection', async () => {
    const { url } = await raw((socket) => {
      socket.write(CONTINUE);
      setImmediate(() => socket.write(NO_CONTENT));
    });
    const { id } = await app.webhook(url);
    for (let n = 0; n < 3; n++)
      expect(await app.delivery(id, await app.suspend(), ({ status }) => status !== 'pending')).toMatchObject({
        status: 'succeeded',
        attempts: [{ response_status: 204, error: null }],
      });
    await app.call('DELETE', `/admin/webhooks/${id}`);
  });

  it.each<[string, string, RegExp]>([
    ['a line that is not a status line', 'SSH-2.0-OpenSSH_9.9\r\n', /Expected HTTP/],
    ['an endless head', `HTTP/1.1 200 OK\r\n${'x-a: b\r\n'.repeat(20_000)}`, /overflow/i],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', /Content-Length/i],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n', /101/],
  ])('that are not HTTP are recorded as such, with the error of the parser: %s', async (_, bytes, words) => {
    const { url } = await raw((socket) => socket.write(bytes));
    expect(await app.attemptAt(url)).toMatchObject({
      status: 'failed',
      response_status: null,
      error: 'BAD_RESPONSE',
      error_detail: expect.stringMatching(words),
    });
  });

  it('count as success when only their body is malformed, which is recorded', async () => {
    const { url } = await raw((socket) => socket.write(`${CHUNKED}5\r\nhello\r\nfive\r\n`));
    expect(await app.attemptAt(url)).toMatchObject({
      status: 'succeeded',
      response_status: 200,
      response_body: 'hello',
      error: 'BAD_RESPONSE',
      error_detail: expect.stringMatching(/chunk size/),
    });
  });

  it('to a handshake may begin with 100, and are reported when they are not HTTP', async () => {
    const consent = 'HTTP/1.1 200 OK\r\nwebhook-allowed-origin: *\r\ncontent-length: 0\r\n\r\n';
    const { url } = await raw((socket) => socket.write(CONTINUE + consent));
    const { id } = await app.webhook(url, { handshake: true });
    await app.call('DELETE', `/admin/webhooks/${id}`);
    const { url: other } = await raw((socket) => socket.write('220 mail.example ESMTP\r\n'));
    expect(await app.call('POST', '/admin/webhooks', { url: other, events: ['*'], handshake: true })).toMatchObject({
      status: 400,
      body: { detail: expect.stringMatching(/BAD_RESPONSE.*Expected HTTP/) },
    });
  });

  it('of an authorization server may begin with 100, and are reported when they are not HTTP', async () => {
    const body = '{"access_token": "abc", "token_type": "Bearer"}';
    const granted = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const oauth2 = (token_url: string) => ({ oauth2: { token_url, client_id: 'keyledger', client_secret: 'secret' } });
    const { url } = await raw((socket) => socket.write(NO_CONTENT));
    const { url: granting } = await raw((socket) => socket.write(CONTINUE + granted));
    expect(await app.attemptAt(url, oauth2(granting))).toMatchObject({ status: 'succeeded', response_status: 204 });
    const { url: babbling } = await raw((socket) => socket.write('no HTTP\r\n'));
    expect(await app.attemptAt(url, oauth2(babbling))).toMatchObject({
      error: 'BAD_RESPONSE',
      error_detail: expect.stringMatching(/Expected HTTP/),
    });
  });
});
