import { gzipSync } from 'node:zlib';
import { request } from 'undici';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { ADMIN_KEY, startApp, type TestApp } from '../support/app.ts';

describe('a request body', () => {
  let app: TestApp;
  let product: string;
  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService] });
    const { id } = await app.create('/admin/products', { name: 'One', slug: 'p', type: 'desktop' });
    product = `/admin/products/${String(id)}`;
  });
  afterAll(() => app.close());

  const send = async (
    method: 'PATCH' | 'POST',
    path: string,
    headers: Record<string, string>,
    body: string | Buffer,
  ) => {
    const reply = await request(`${app.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers },
      body,
    });
    return { status: reply.statusCode, headers: reply.headers, body: (await reply.body.json()) as { code?: string } };
  };
  const name = '{"name":"Zwölf"}';

  it.each([
    'application/merge-patch+json',
    'application/json',
    'Application/Merge-Patch+JSON; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json; charset=utf8',
  ])('of a PATCH may be %s', async (type) => {
    expect(await send('PATCH', product, { 'content-type': type }, name)).toMatchObject({
      status: 200,
      body: { name: 'Zwölf' },
    });
  });

  it.each([
    ['PATCH', 'application/json-patch+json'],
    ['PATCH', 'application/json; charset=utf-16'],
    ['PATCH', 'application/merge-patch+json; charset="utf-16le"'],
    ['POST', 'application/json; charset=iso-8859-1'],
    ['POST', 'application/merge-patch+json'],
  ] as const)('of a %s may not be %s', async (method, type) => {
    const path = method === 'PATCH' ? product : '/admin/products';
    const reply = await send(method, path, { 'content-type': type }, name);
    expect(reply).toMatchObject({ status: 415, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } });
    const accepted = method === 'PATCH' ? 'application/merge-patch+json, application/json' : undefined;
    expect(reply.headers['accept-patch']).toBe(accepted);
  });

  it.each(['gzip', 'br', 'identity, gzip'])('may not be compressed with %s', async (coding) => {
    const headers = { 'content-type': 'application/json', 'content-encoding': coding };
    expect(await send('PATCH', product, headers, gzipSync(name))).toMatchObject({
      status: 415,
      headers: { 'accept-encoding': 'identity' },
      body: { code: 'UNSUPPORTED_MEDIA_TYPE' },
    });
    const file = { 'content-type': 'text/csv', 'content-encoding': coding };
    expect((await send('POST', '/admin/imports', file, gzipSync('email\n'))).status).toBe(415);
  });

  it('may say that it is not compressed', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'Identity' };
    expect((await send('PATCH', product, headers, name)).status).toBe(200);
  });
});
