import type { LookupFunction } from 'node:net';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { NO_CONTENT, startRawEndpoint } from './raw-endpoint.ts';
import { QUICK, type Sink, startSink, startWebhooks } from './harness.ts';

interface Proxy {
  readonly url: string;
  /** The targets of its CONNECT requests, and their credentials. */
  readonly asked: { readonly authority: string; readonly credentials: string | undefined }[];
  close(): void;
}

/** Opens tunnels to the requested address, or answers with the given status. */
const startProxy = async (status = 200): Promise<Proxy> => {
  const asked: { authority: string; credentials: string | undefined }[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer();
  server.on('connect', (request, client: Socket) => {
    const authority = request.url ?? '';
    asked.push({ authority, credentials: request.headers['proxy-authorization'] });
    sockets.add(client);
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      return;
    }
    const [host, port] = authority.split(':');
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(client);
      client.pipe(upstream);
    });
    sockets.add(upstream);
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://keyledger:deep-secret@127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
};

describe('a proxy', () => {
  let sink: Sink;
  beforeAll(async () => {
    sink = await startSink();
  });
  afterAll(() => sink.close());
  const lookup = ((name: string, _: unknown, callback: (error: null, found: object[]) => void) =>
    callback(null, [
      { address: name.startsWith('inner') ? '10.0.0.1' : '127.0.0.1', family: 4 },
    ])) as unknown as LookupFunction;
  const withProxy = (proxy: Proxy) =>
    startWebhooks({ ...QUICK, ladder: [], lookup }, { env: { KEYLEDGER_WEBHOOK_PROXY: proxy.url } });

  it('receives the address that was checked, and no host name that it could resolve itself', async () => {
    const proxy = await startProxy();
    const app = await withProxy(proxy);
    const { id } = await app.webhook(`http://outer.example:${sink.port}/hooks/proxied`);
    const event = await app.suspend();
    await app.delivery(id, event, ({ status }) => status === 'succeeded');
    expect(proxy.asked).toEqual([
      {
        authority: `127.0.0.1:${sink.port}`,
        credentials: `Basic ${Buffer.from('keyledger:deep-secret').toString('base64')}`,
      },
    ]);
    expect(sink.received.find((one) => one.id === event)?.headers.host).toBe(`outer.example:${sink.port}`);
    await app.close();
    proxy.close();
  });

  it('receives no request for an address of an internal network', async () => {
    const proxy = await startProxy();
    const app = await withProxy(proxy);
    const { id } = await app.webhook(`http://inner.example:${sink.port}/hooks`);
    const { attempts } = await app.delivery(id, await app.suspend(), ({ status }) => status === 'failed');
    expect(attempts).toMatchObject([{ error: 'ADDRESS_REFUSED' }]);
    expect(proxy.asked).toEqual([]);
    await app.close();
    proxy.close();
  });

  it('opens a new tunnel for a request that the endpoint cut before any answer', async () => {
    let cut = '';
    const endpoint = await startRawEndpoint((socket, { request, id }) => {
      if (request === 1) socket.write(`HTTP/1.1 100 Continue\r\n\r\n${NO_CONTENT}`);
      else socket.end(() => (cut ||= id));
    });
    const proxy = await startProxy();
    const app = await withProxy(proxy);
    const { id } = await app.webhook(endpoint.url);
    while (cut === '')
      expect(await app.delivery(id, await app.suspend(), ({ status }) => status !== 'pending')).toMatchObject({
        status: 'succeeded',
        attempts: [{ response_status: 204 }],
      });
    expect(endpoint.received.filter((one) => one.id === cut).map(({ request }) => request)).toEqual([2, 1]);
    await app.close();
    proxy.close();
    endpoint.close();
  });

  it('that does not speak HTTP fails the attempt, too', async () => {
    const { url, close } = await startRawEndpoint((socket) => socket.write('no HTTP\r\n'));
    const app = await startWebhooks(
      { ...QUICK, ladder: [] },
      { env: { KEYLEDGER_WEBHOOK_PROXY: new URL(url).origin } },
    );
    expect(await app.attemptAt(sink.url)).toMatchObject({ status: 'failed', error: 'PROXY_REFUSED' });
    await app.close();
    close();
  });

  it('that refuses a tunnel fails the attempt', async () => {
    const proxy = await startProxy(407);
    const app = await withProxy(proxy);
    const { id } = await app.webhook(sink.url);
    const { attempts } = await app.delivery(id, await app.suspend(), ({ status }) => status === 'failed');
    expect(attempts).toMatchObject([{ error: 'PROXY_REFUSED' }]);
    await app.close();
    proxy.close();
  });
});
