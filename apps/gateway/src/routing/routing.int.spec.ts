import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { request } from 'undici';
import { installAuthentication } from '#platform/auth/authenticator';
import { internalAuthenticator } from '#platform/auth/internal-authenticator';
import { InternalTokens } from '#platform/auth/internal-token';
import type { Principal } from '#platform/auth/principal';
import { createMasterKey } from '#platform/crypto/master-key';
import type { EndpointContract } from '#platform/http/endpoint';
import { isProblem } from '#platform/http/problem';
import { createMetrics } from '#platform/telemetry/metrics';
import { installObservation, requestId } from '#platform/http/observe';
import { addRoutes, clientsOf } from './routing.ts';
import { ServiceClient, UnexpectedStatusError } from './service-client.ts';

const tokens = new InternalTokens([createMasterKey(Buffer.alloc(32, 1))]);
const principal: Principal = { actor: { type: 'api_key', id: 'key_1' }, scopes: ['admin'], product_id: null };

/** Answers a problem with its status and code only: these tests check nothing else. */
const answerProblems = (fastify: FastifyInstance): void => {
  fastify.setErrorHandler((error, _request, reply) =>
    isProblem(error)
      ? reply
          .code(error.status)
          .headers(error.headers ?? {})
          .send({ code: error.code })
      : reply.code(500).send({ code: String(error) }),
  );
};

const route = (path: string): EndpointContract => ({
  method: 'GET',
  path,
  operation: path,
  tag: 'Stand-in',
  summary: 'Takes the place of a route of the service',
  auth: 'public',
  answers: {},
  problems: [],
});

const upload: EndpointContract = {
  ...route('/admin/imports'),
  method: 'POST',
  upload: ['text/csv'],
  upload_limit: 2 ** 28,
};
const raw: EndpointContract = { ...route('/hooks/stand-in'), method: 'POST', raw_limit: 2 ** 21 };
const services = [
  { name: 'licensing', routes: [route('/admin/licenses/:id'), route('/license/echo'), upload, raw] },
  { name: 'webhooks', routes: [route('/admin/webhooks')] },
];

describe('routing to the services of a cluster', () => {
  let service: FastifyInstance;
  let gateway: FastifyInstance;
  let url: string;
  let serviceUrl: string;
  let clients: Map<string, ServiceClient>;

  beforeAll(async () => {
    service = Fastify();
    answerProblems(service);
    installAuthentication(service, internalAuthenticator(tokens));
    service.all('/api/v1/admin/licenses/*', (req, reply) =>
      reply
        .header('keep-alive', 'timeout=5')
        .header('x-answered', 'yes')
        .code(207)
        .send({
          method: req.method,
          url: req.url,
          headers: req.headers,
          body: req.body ?? null,
          principal: req.principal ?? null,
          client_ip: req.client_ip,
        }),
    );
    service.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_req, body, done) =>
      done(null, body),
    );
    service.post('/api/v1/license/echo', { bodyLimit: 10_000_000 }, (req, reply) => reply.send(req.body));
    service.post('/api/v1/hooks/stand-in', { bodyLimit: 10_000_000 }, (req, reply) =>
      reply.headers({ type: req.headers['content-type'], coding: req.headers['content-encoding'] }).send(req.body),
    );
    service.addContentTypeParser('text/csv', (_req, file, done) => done(null, file));
    service.post('/api/v1/admin/imports', async (req, reply) => {
      await once(req.raw, 'data');
      return reply.code(400).send({ code: 'REFUSED_EARLY' });
    });
    service.get('/api/v1/license/echo/limited', (_req, reply) =>
      reply.code(429).headers({ ratelimit: '"license";r=0;t=1', 'ratelimit-policy': '"license";q=9;w=1' }).send(),
    );
    service.get('/api/v1/license/echo/unchanged', (_req, reply) => reply.code(304).header('etag', '"3"').send());
    service.get('/internal/secrets', () => 'secret');
    service.get('/path/of/a/proxy/api/v1/openapi.json', () => ({ openapi: '3.1.0' }));
    serviceUrl = await service.listen({ port: 0 });
    const away = createServer().listen(0);
    const { port } = away.address() as AddressInfo;
    await new Promise((closed) => away.close(closed));
    gateway = Fastify({ bodyLimit: 1024, genReqId: ({ headers }) => requestId(headers['request-id']) });
    installObservation(gateway, createMetrics());
    answerProblems(gateway);
    installAuthentication(gateway, {
      identify: ({ headers }) => ({
        principal: headers.authorization === undefined ? undefined : principal,
        client_ip: '203.0.113.9',
        headers: { ratelimit: '"api-key";r=8;t=1', 'ratelimit-policy': '"api-key";q=9;w=1' },
      }),
    });
    clients = clientsOf({
      licensing: serviceUrl,
      webhooks: `http://127.0.0.1:${port}`,
      billing: undefined,
      releases: undefined,
    });
    addRoutes(gateway, services, { clients, tokens });
    url = await gateway.listen({ port: 0 });
  });

  afterAll(async () => {
    await gateway.close();
    await Promise.all([...clients.values()].map((client) => client.close()));
    await service.close();
  });

  const json = async (body: { json(): Promise<unknown> }): Promise<Record<string, unknown>> =>
    (await body.json()) as Record<string, unknown>;

  /** Sends path and headers unchanged; undici would normalize them. */
  const asIs = (path: string, headers: Record<string, string>): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => get(url, { path, headers }, resolve).on('error', reject));

  it('forwards method, path, query, body and principal, and returns the answer unchanged', async () => {
    const { statusCode, headers, body } = await request(`${url}/api/v1/admin/licenses/lic_1/suspend?a=1&b=%20`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json', authorization: 'Bearer kl_secret', 'if-match': '"3"' },
      body: '{"reason":"chargeback"}',
    });
    const seen = await json(body);
    expect(statusCode).toBe(207);
    expect(headers['x-answered']).toBe('yes');
    expect(seen).toMatchObject({
      method: 'PATCH',
      url: '/api/v1/admin/licenses/lic_1/suspend?a=1&b=%20',
      body: { reason: 'chargeback' },
      principal,
      client_ip: '203.0.113.9',
    });
    expect(seen['headers']).toMatchObject({
      'if-match': '"3"',
      'request-id': headers['request-id'],
      traceparent: headers['traceparent'],
    });
    expect(JSON.stringify(seen)).not.toContain('kl_secret');
  });

  it('returns a 304 with its ETag and without a body', async () => {
    const { statusCode, headers, body } = await request(`${url}/api/v1/license/echo/unchanged`);
    expect([statusCode, headers['etag'], await body.text()]).toEqual([304, '"3"', '']);
    expect(headers).not.toHaveProperty('content-length');
  });

  it('returns the rate limits of the service beside its own', async () => {
    const { statusCode, headers } = await request(`${url}/api/v1/license/echo/limited`);
    expect(statusCode).toBe(429);
    expect(headers).toMatchObject({
      ratelimit: '"api-key";r=8;t=1, "license";r=0;t=1',
      'ratelimit-policy': '"api-key";q=9;w=1, "license";q=9;w=1',
    });
  });

  it('ignores principal and address headers that a caller sends', async () => {
    const headers = {
      'keyledger-principal': await tokens.issue(principal),
      'keyledger-client-ip': '10.0.0.1',
      'x-forwarded-for': '10.0.0.1',
      connection: 'close, x-secret',
      'x-secret': 'for this connection only',
    };
    const seen: unknown = JSON.parse(await text(await asIs('/api/v1/admin/licenses/x', headers)));
    expect(seen).toMatchObject({ principal: null, client_ip: '203.0.113.9' });
    expect(JSON.stringify(seen)).not.toContain('10.0.0.1');
    expect(JSON.stringify(seen)).not.toContain('x-secret');
  });

  it('a service answers 401 to requests that do not come through the gateway', async () => {
    const attempts: Record<string, string>[] = [
      {},
      { authorization: 'Bearer kl_secret' },
      { 'keyledger-principal': 'x.y.z' },
      { 'keyledger-principal': await new InternalTokens([createMasterKey(Buffer.alloc(32, 2))]).issue(principal) },
    ];
    for (const headers of attempts) {
      const { statusCode } = await request(`${serviceUrl}/api/v1/admin/licenses/x`, { headers });
      expect(statusCode).toBe(401);
    }
  });

  it.each([
    '/api/v1/admin/licenses/../../../../internal/secrets',
    '/internal/secrets',
    '/api/v1/admin/licenses/%2e%2e/%2e%2e/%2e%2e/%2e%2e/internal/secrets',
  ])('does not reach %s', async (path) => {
    const answer = await asIs(path, {});
    expect([404, 207]).toContain(answer.statusCode);
    expect(await text(answer)).not.toBe('secret');
  });

  it.each(['/path/of/a/proxy', '/path/of/a/proxy/'])(
    'reaches a service at an address with the path %s',
    async (path) => {
      const client = new ServiceClient('licensing', serviceUrl + path);
      expect(await client.ask(tokens, null, { path: '/api/v1/openapi.json' })).toEqual({ openapi: '3.1.0' });
      await client.close();
    },
  );

  it('reports the status with which a service refuses a call of the gateway itself', async () => {
    const client = new ServiceClient('licensing', serviceUrl);
    const asked = client.ask(tokens, null, { path: '/missing' });
    await expect(asked).rejects.toThrow(UnexpectedStatusError);
    await expect(asked).rejects.toMatchObject({ status: 404 });
    await client.close();
  });

  it('streams bodies of up to 1 MiB', async () => {
    const bytes = randomBytes(1_048_576);
    for (const body of [bytes, Readable.from([bytes.subarray(0, 700_000), bytes.subarray(700_000)])]) {
      const answer = await request(`${url}/api/v1/license/echo`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body,
      });
      expect(answer.statusCode).toBe(200);
      expect(Buffer.from(await answer.body.arrayBuffer()).equals(bytes)).toBe(true);
    }
  });

  it('refuses a longer body, with and without Content-Length', async () => {
    const bytes = randomBytes(1_048_577);
    for (const body of [bytes, Readable.from([bytes.subarray(0, 700_000), bytes.subarray(700_000)])]) {
      const answer = await request(`${url}/api/v1/license/echo`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body,
      });
      expect(answer.statusCode).toBe(413);
      expect(await json(answer.body)).toEqual({ code: 'BODY_TOO_LARGE' });
    }
  });

  it('passes a raw body on byte for byte, up to the limit of its route', async () => {
    const headers = { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' };
    const bytes = randomBytes(2 ** 21);
    const path = `${url}/api/v1/hooks/stand-in`;
    const passed = await request(path, { method: 'POST', headers, body: bytes });
    expect(passed).toMatchObject({ statusCode: 200, headers: { type: headers['content-type'], coding: 'gzip' } });
    expect(Buffer.from(await passed.body.arrayBuffer()).equals(bytes)).toBe(true);
    const larger = await request(path, { method: 'POST', headers, body: Buffer.concat([bytes, bytes]) });
    expect([larger.statusCode, await json(larger.body)]).toEqual([413, { code: 'BODY_TOO_LARGE' }]);
  });

  it('gives an early answer to a client that reads only after it has sent its whole file', async () => {
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    const answer = once(socket, 'data');
    const length = 50 * 2 ** 20;
    const head = `POST /api/v1/admin/imports HTTP/1.1\r\nhost: a\r\ncontent-type: text/csv\r\ncontent-length: ${length}\r\n\r\n`;
    const chunk = Buffer.alloc(2 ** 20, 'x');
    await pipeline([Buffer.from(head), ...Array<Buffer>(50).fill(chunk)], socket, { end: false });
    const [bytes] = (await answer) as [Buffer];
    expect(bytes.toString()).toMatch(/^HTTP\/1\.1 400 [^]*REFUSED_EARLY/);
    socket.destroy();
  });

  it('answers 502 when a service cannot be reached', async () => {
    const { statusCode, headers, body } = await request(`${url}/api/v1/admin/webhooks`);
    expect(statusCode).toBe(502);
    expect(headers['retry-after']).toBe('1');
    expect(await json(body)).toEqual({ code: 'SERVICE_UNAVAILABLE' });
  });

  it('serves 200 concurrent calls over its kept-alive connections', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const { statusCode, body } = await request(`${url}/api/v1/admin/licenses/${i}`);
        const seen = await json(body);
        return [statusCode, seen['url']];
      }),
    );
    expect(statuses).toEqual(Array.from({ length: 200 }, (_, i) => [207, `/api/v1/admin/licenses/${i}`]));
  });
});
