import type { Socket } from 'node:net';
import { eventually } from '../support/app.ts';
import { QUICK, startWebhooks, type Webhooks } from './harness.ts';
import { NO_CONTENT, type RawRequest } from './raw-endpoint.ts';
import { suiteEndpoints } from './suite-endpoints.ts';

describe('a reused connection', () => {
  let app: Webhooks;
  const { raw, sink, close } = suiteEndpoints();
  beforeAll(async () => {
    app = await startWebhooks({ ...QUICK, ladder: [] });
  });
  afterAll(async () => {
    await app.close();
    await close();
  });

  /** Delivers one event after the other until the endpoint has cut a request. @returns the delivery of the cut request */
  const deliverUntilCut = async (url: string, cut: readonly RawRequest[]) => {
    const { id } = await app.webhook(url);
    for (;;) {
      const event = await app.suspend();
      const delivery = await app.delivery(id, event, ({ status }) => status !== 'pending');
      if (cut.length === 0) continue;
      await app.call('DELETE', `/admin/webhooks/${id}`);
      return delivery;
    }
  };

  it.each<[string, (socket: Socket) => void]>([
    ['closes', (socket) => socket.end()],
    ['resets', (socket) => socket.resetAndDestroy()],
  ])('that the endpoint %s before any answer costs no attempt: the request is sent on a new one', async (_, end) => {
    const cut: RawRequest[] = [];
    const { url, received } = await raw((socket, request) => {
      if (request.request === 1) socket.write(NO_CONTENT);
      else end((cut.push(request), socket));
    });
    expect(await deliverUntilCut(url, cut)).toMatchObject({
      status: 'succeeded',
      attempts: [{ response_status: 204, error: null }],
    });
    const [first] = cut;
    expect(received.filter(({ id }) => id === first?.id).map(({ request }) => request)).toEqual([2, 1]);
  });

  it('that is cut within an answer costs the attempt: the endpoint may have done the work', async () => {
    const cut: RawRequest[] = [];
    const { url, received } = await raw((socket, request) => {
      if (request.request === 1) socket.write(NO_CONTENT);
      else socket.end((cut.push(request), 'HTTP/1.1 2'));
    });
    expect(await deliverUntilCut(url, cut)).toMatchObject({
      status: 'failed',
      attempts: [{ response_status: null, error: 'CONNECTION_LOST' }],
    });
    expect(received.filter(({ id }) => id === cut[0]?.id)).toHaveLength(1);
  });

  it('is closed before the idle timeout of a server', async () => {
    const GUNICORN_MS = 2_000;
    let closed = '';
    const { url } = await raw((socket) => {
      const timer = setTimeout(() => (closed ||= 'by the server'), GUNICORN_MS);
      socket.on('end', () => (clearTimeout(timer), (closed ||= 'by the client')));
      socket.write(NO_CONTENT);
    });
    await app.attemptAt(url);
    await eventually(() => closed !== '');
    expect(closed).toBe('by the client');
  });

  it('that the authorization server closes costs no attempt either', async () => {
    let granted = 0;
    const { url: token_url, received: asked } = await raw((socket, { request }) => {
      if (request > 1) {
        socket.end();
        return;
      }
      const body = JSON.stringify({ access_token: `token-${++granted}`, token_type: 'Bearer', expires_in: 3_600 });
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    });
    let known = '';
    const { url } = await sink(({ headers }, response) => {
      // Revokes the first token, so that the sender requests another immediately.
      const taken = headers.authorization === `Bearer token-${granted}` && known !== headers.authorization;
      known = headers.authorization ?? '';
      response.writeHead(taken ? 204 : 401).end();
    });
    const { id } = await app.webhook(url, { oauth2: { token_url, client_id: 'keyledger', client_secret: 'secret' } });
    do {
      const event = await app.suspend();
      const delivery = await app.delivery(id, event, ({ status }) => status !== 'pending');
      expect(delivery).toMatchObject({ status: 'succeeded', attempts: [{ response_status: 204, error: null }] });
    } while (!asked.some(({ request }) => request > 1));
  });
});
