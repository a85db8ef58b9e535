import { gzipSync } from 'node:zlib';
import { defaultSettings } from '../../apps/webhooks/src/sending/settings.ts';
import { eventually } from '../support/app.ts';
import { QUICK, startSink, startWebhooks, type Webhooks } from './harness.ts';
import { suiteEndpoints } from './suite-endpoints.ts';

describe('an endpoint that answers', () => {
  let app: Webhooks;
  const { raw, sink, close } = suiteEndpoints();
  beforeAll(async () => {
    app = await startWebhooks({ ...QUICK, ladder: [], bodyTimeout: 1_000 });
  });
  afterAll(async () => {
    await app.close();
    await close();
  });

  it('with one byte of its head at a time fails at the time limit for heads', async () => {
    const { url } = await raw((socket) => {
      const head = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-padding: '.padEnd(10_000, 'x');
      let sent = 0;
      const drip = setInterval(() => socket.write(head[sent++] ?? 'x'), 10);
      socket.on('close', () => clearInterval(drip));
    });
    const attempt = await app.attemptAt(url, { timeouts: { headers: 1 } });
    expect(attempt).toMatchObject({ status: 'failed', response_status: null, error: 'TIMEOUT' });
    // The timeout of the webhook ended the attempt, not the longer one of the service.
    expect(attempt['duration_ms']).toBeLessThan(defaultSettings.headersTimeout);
  });

  it('with 200 and no body succeeds, and frees its slot at the time limit for bodies', async () => {
    const { url } = await sink((_, response) => response.writeHead(200, { 'content-length': '1000' }).flushHeaders());
    const attempt = await app.attemptAt(url);
    expect(attempt).toMatchObject({ status: 'succeeded', response_status: 200, response_body: '' });
    expect(attempt['duration_ms']).toBeLessThan(defaultSettings.headersTimeout);
  });

  it('with a body of 5 GB has only 4 KiB of it read', async () => {
    let sent = 0;
    let cut = false;
    const { url } = await sink((_, response) => {
      response.writeHead(200, { 'content-length': String(5 * 2 ** 30) });
      const piece = Buffer.alloc(65_536, 'x');
      const flood = (): void => {
        do sent += piece.length;
        while (response.write(piece));
        response.once('drain', flood);
      };
      response.on('close', () => (cut = true)).on('error', () => undefined);
      flood();
    });
    const attempt = await app.attemptAt(url);
    expect(attempt).toMatchObject({ status: 'succeeded' });
    expect(attempt['response_body']).toBe('x'.repeat(4_096));
    await eventually(() => cut);
    // The endpoint sent no more than network buffers hold.
    expect(sent).toBeLessThan(32 * 2 ** 20);
  });

  it('with a gzip bomb is not decompressed', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 2 ** 20));
    const { url, received } = await sink((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': String(bomb.length) }).end(bomb),
    );
    const attempt = await app.attemptAt(url);
    expect(attempt).toMatchObject({ status: 'succeeded', response_status: 200 });
    expect(Buffer.byteLength(String(attempt['response_body']))).toBeLessThan(3 * 4_096);
    expect(received[0]?.headers).not.toHaveProperty('accept-encoding');
  });

  it.each<[string, string]>([
    ['that is not HTTP', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['with an endless head', `HTTP/1.1 200 OK\r\n${'x-a: b\r\n'.repeat(20_000)}`],
    ['with two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
  ])('with an answer %s has failed', async (_, bytes) => {
    const { url } = await raw((socket) => socket.end(bytes));
    expect(await app.attemptAt(url)).toMatchObject({
      status: 'failed',
      response_status: null,
      error: 'BAD_RESPONSE',
    });
  });

  it('with endless interim answers has failed', async () => {
    const { url } = await raw((socket) => {
      const inform = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 20);
      socket.on('close', () => clearInterval(inform));
    });
    expect(await app.attemptAt(url, { timeouts: { headers: 1 } })).toMatchObject({
      status: 'failed',
      response_status: null,
    });
  });
});

it.each<[string, (pause: number) => string]>([
  ['seconds', (pause) => String(pause)],
  ['a date', (pause) => new Date(Date.now() + pause * 1_000).toUTCString()],
])('an endpoint that asks for a pause, in %s, gets no request during that pause', async (_, asked) => {
  const app = await startWebhooks();
  const sink = await startSink((_one, response) =>
    sink.received.length === 1
      ? response.writeHead(429, { 'retry-after': asked(3_600) }).end()
      : response.writeHead(204).end(),
  );
  const { id } = await app.webhook(sink.url);
  const event = await app.suspend();
  const waiting = await app.delivery(id, event, ({ attempts }) => attempts.length === 1);
  const pause = Date.parse(waiting.next_attempt_at) - Date.parse(waiting.attempts[0].at);
  // A date has no fractions of a second.
  expect(pause).toBeGreaterThan(3_598_000);
  expect(pause).toBeLessThan(3_610_000);
  await app.close();
  await sink.close();
});
