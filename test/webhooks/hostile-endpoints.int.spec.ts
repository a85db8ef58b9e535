import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { eventually } from '../support/app.ts';
import { QUICK, type Sink, startSink, startWebhooks, type Webhooks } from './harness.ts';

describe('an endpoint that', () => {
  let app: Webhooks;
  const sinks: Sink[] = [];
  const sink = async (...args: Parameters<typeof startSink>): Promise<Sink> => {
    const made = await startSink(...args);
    sinks.push(made);
    return made;
  };
  beforeAll(async () => {
    app = await startWebhooks({ ...QUICK, ladder: [], bodyTimeout: 1_000 });
  });
  afterAll(async () => {
    await app.close();
    await Promise.all(sinks.map((one) => one.close()));
  });

  it.each([301, 302, 303, 307, 308])('redirects (%i) has failed, and is not followed', async (code) => {
    const elsewhere = await sink();
    const { url } = await sink((_, response) => response.writeHead(code, { location: elsewhere.url }).end());
    expect(await app.attemptAt(url)).toMatchObject({
      status: 'failed',
      response_status: code,
      error: 'REDIRECT_NOT_FOLLOWED',
    });
    expect(elsewhere.received).toHaveLength(0);
  });

  it('sends an endless body has only 4 KiB of it read', async () => {
    let cut = false;
    const { url } = await sink((_, response) => {
      response.writeHead(200);
      const flood = (): void => {
        while (response.write('x'.repeat(16_384)));
        response.once('drain', flood);
      };
      response.on('close', () => (cut = true));
      flood();
    });
    const attempt = await app.attemptAt(url);
    expect(attempt).toMatchObject({ status: 'succeeded', response_status: 200 });
    expect(attempt['response_body']).toHaveLength(4_096);
    await eventually(() => cut);
  });

  it('sends its body slowly or cuts it off has answered successfully', async () => {
    const { url: dripping } = await sink((_, response) => {
      response.writeHead(200).write('drop');
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });
    expect(await app.attemptAt(dripping)).toMatchObject({
      status: 'succeeded',
      response_body: expect.stringMatching(/^drop/),
    });
    const { url: breaking } = await sink((_, response) => {
      response.writeHead(500, { 'content-length': '100' }).write('half\0');
      setTimeout(() => response.destroy(), 20);
    });
    expect(await app.attemptAt(breaking)).toMatchObject({
      status: 'failed',
      response_status: 500,
      response_body: 'half\uFFFD',
    });
  });

  it('never answers, hangs up or does not exist has failed, and the reason is recorded', async () => {
    const { url: silent } = await sink(() => undefined);
    expect(await app.attemptAt(silent, { timeouts: { headers: 1 } })).toMatchObject({
      status: 'failed',
      response_status: null,
      error: 'TIMEOUT',
    });
    const { url: rude } = await sink((_, response) => response.destroy());
    expect(await app.attemptAt(rude)).toMatchObject({ status: 'failed', error: 'CONNECTION_LOST' });
    const closed = await startSink();
    await closed.close();
    expect(await app.attemptAt(closed.url)).toMatchObject({ status: 'failed', error: 'CONNECTION_REFUSED' });
  });

  it('does not speak TLS on an https address has failed', async () => {
    const { port } = await sink();
    expect(await app.attemptAt(`https://127.0.0.1:${port}/`)).toMatchObject({ status: 'failed', error: 'TLS_ERROR' });
  });
});

describe('an address of an internal network', () => {
  const answers = new Map<string, LookupAddress[][]>();
  /** Returns the first answer, then the next, and the last one from then on. */
  const lookup = ((name: string, _options: unknown, callback: (error: null, found: LookupAddress[]) => void) => {
    const script = answers.get(name) ?? [];
    callback(null, (script.length > 1 ? script.shift() : script[0]) ?? []);
  }) as unknown as LookupFunction;
  let app: Webhooks;
  let sink: Sink;
  beforeAll(async () => {
    sink = await startSink((_, response) => response.writeHead(503, { connection: 'close' }).end());
    app = await startWebhooks(
      { ...QUICK, ladder: [10, 10], lookup },
      { env: { KEYLEDGER_WEBHOOK_ALLOW_CIDRS: '127.0.0.1/32' } },
    );
  });
  afterAll(async () => {
    await app.close();
    await sink.close();
  });

  it.each([
    'http://127.0.0.2/',
    'http://2130706434/',
    'http://0x7f.2/',
    'http://0177.0.0.2/',
    'http://10.1.2.3/',
    'http://169.254.169.254/latest/meta-data',
    'http://192.168.0.1:8080/',
    'http://100.64.0.1/',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[fd00::1]/',
    'http://[fe80::1]/',
    'http://[64:ff9b::a00:1]/',
    'http://[2002:a00:1::]/',
    'http://[2001:0:a00:1::]/',
    'http://0.0.0.0/',
  ])('%s is refused when the webhook is created', async (url) => {
    expect(await app.call('POST', '/admin/webhooks', { url, events: ['*'] })).toMatchObject({
      status: 400,
      body: { code: 'ADDRESS_REFUSED', errors: [{ pointer: '/url' }] },
    });
  });

  it.each<[string, LookupAddress[]]>([
    ['alone', [{ address: '127.0.0.2', family: 4 }]],
    [
      'beside one that is allowed',
      [
        { address: '127.0.0.1', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ],
    ],
    ['in IPv6', [{ address: '::1', family: 6 }]],
  ])('that a name resolves to (%s) is refused at connection time', async (_, found) => {
    answers.set('inner.example', [found]);
    const { id } = await app.webhook(`http://inner.example:${sink.port}/`);
    const event = await app.suspend();
    const { attempts } = await app.delivery(id, event, ({ status }) => status === 'failed');
    expect(attempts[0]).toMatchObject({ response_status: null, error: 'ADDRESS_REFUSED' });
    await app.call('DELETE', `/admin/webhooks/${id}`);
    expect(sink.received).toHaveLength(0);
  });

  it('is refused when a name later resolves to it (rebinding)', async () => {
    answers.set('turning.example', [[{ address: '127.0.0.1', family: 4 }], [{ address: '127.0.0.2', family: 4 }]]);
    const { id } = await app.webhook(`http://turning.example:${sink.port}/`);
    const event = await app.suspend();
    const { attempts } = await app.delivery(id, event, ({ status }) => status === 'failed');
    expect(attempts).toMatchObject([
      { response_status: 503 },
      { error: 'ADDRESS_REFUSED' },
      { error: 'ADDRESS_REFUSED' },
    ]);
    expect(sink.received).toHaveLength(1);
  });
});
