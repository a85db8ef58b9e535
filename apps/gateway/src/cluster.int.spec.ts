import { Controller } from '@nestjs/common';
import Type from 'typebox';
import { defineService } from '#platform/define-service';
import { type Call, Endpoint, endpoint } from '#platform/http/endpoint';
import { Id, StrictObject, Text } from '#platform/http/schemas';

import { startApp, type TestApp } from '../../../test/support/app.ts';
import { gatewayService } from './gateway.module.ts';

const PRODUCT = 'prod_01jd1zx0h8e4rvy2m6k9w3q5tb';

const whoAmI = endpoint({
  method: 'POST',
  path: '/admin/licenses/:id/who',
  operation: 'whoAmI',
  tag: 'Stand-in',
  summary: 'Returns what a service sees of a caller',
  auth: 'licenses:write',
  params: StrictObject({ id: Id('lic') }),
  body: StrictObject({ note: Text(10) }),
  answers: { 200: { description: 'What it sees.', schema: Type.Record(Type.String(), Type.Unknown()) } },
  problems: [],
});

const open = endpoint({
  method: 'POST',
  path: '/license/open',
  operation: 'open',
  tag: 'Stand-in',
  summary: 'Needs no API key',
  auth: { actor: 'license', scope: 'licenses:write', credential: () => undefined },
  answers: { 200: { description: 'The caller.', schema: Type.Record(Type.String(), Type.Unknown()) } },
  problems: [],
});

@Controller()
class StandInController {
  @Endpoint(whoAmI)
  who(call: Call<typeof whoAmI>): unknown {
    return {
      principal: call.principal,
      ip: call.ip,
      request_id: call.request_id,
      note: call.body.note,
      metadata: call.metadata(),
    };
  }

  @Endpoint(open)
  open(call: Call<typeof open>): unknown {
    return { principal: call.principal };
  }
}

/** Takes the place of licensing, built from the same parts as every service. */
const standIn = defineService({ name: 'licensing', features: [{ controllers: [StandInController] }] });
const PRODUCT_SERVICES = [gatewayService, standIn];

describe('a cluster', () => {
  const LICENSE = 'lic_01jd1zx0h8e4rvy2m6k9w3q5tb';
  let service: TestApp;
  let gateway: TestApp;

  beforeAll(async () => {
    service = await startApp({ services: [standIn] });
    gateway = await startApp({
      services: [gatewayService],
      product: PRODUCT_SERVICES,
      env: { KEYLEDGER_LICENSING_URL: service.url },
    });
  });
  afterAll(async () => {
    await gateway.close();
    await service.close();
  });

  it('serves through the gateway, with actor, scopes, product, request id and trace of the caller', async () => {
    const { body: made } = await gateway.call('POST', '/admin/api-keys', {
      name: 'Shop',
      scopes: ['licenses:write'],
      product_id: PRODUCT,
    });
    const { status, headers, body } = await gateway.call(
      'POST',
      `/admin/licenses/${LICENSE}/who`,
      { note: 'hello' },
      { authorization: `Bearer ${made.key}` },
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({
      principal: { actor: { type: 'api_key', id: made.id }, scopes: ['licenses:write'], product_id: PRODUCT },
      ip: '127.0.0.1',
      note: 'hello',
      request_id: headers['request-id'],
      metadata: { actor: { type: 'api_key', id: made.id }, correlation_id: headers['request-id'] },
    });
    expect(body.metadata.traceparent.slice(0, 36)).toBe(String(headers['traceparent']).slice(0, 36));
  });

  it('accepts a call without a credential on public routes only', async () => {
    const anonymous = { authorization: undefined };
    expect((await gateway.call('POST', '/license/open', undefined, anonymous)).body.principal.scopes).toEqual([]);
    expect((await gateway.call('POST', `/admin/licenses/${LICENSE}/who`, { note: '' }, anonymous)).status).toBe(401);
    expect((await gateway.call('POST', '/license/open', undefined, { authorization: 'Bearer wrong' })).status).toBe(
      401,
    );
  });

  it.each([{}, { authorization: undefined }, { 'keyledger-principal': 'forged' }])(
    'has services that answer only the gateway (%j)',
    async (headers) => {
      for (const path of [`/admin/licenses/${LICENSE}/who`, '/license/open', '/internal/openapi.json']) {
        const { status, body } = await service.call('POST', path, {}, headers);
        expect([status, body.code]).toEqual([401, 'UNAUTHENTICATED']);
      }
    },
  );

  it('passes on problems of a service unchanged', async () => {
    const refused = await gateway.call('POST', `/admin/licenses/${LICENSE}/who`, { note: 'hello', extra: 1 });
    expect(refused.status).toBe(400);
    expect(refused.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(refused.body).toMatchObject({
      code: 'VALIDATION_FAILED',
      instance: `/api/v1/admin/licenses/${LICENSE}/who`,
    });
    const wrong = await gateway.call('PUT', `/admin/licenses/${LICENSE}/who`);
    expect([wrong.status, wrong.headers['allow']]).toEqual([405, 'POST']);
    expect((await gateway.call('GET', '/admin/webhooks')).status).toBe(404);
  });

  it('replays a service’s answer under an Idempotency-Key', async () => {
    const send = () =>
      gateway.call('POST', `/admin/licenses/${LICENSE}/who`, { note: 'x' }, { 'idempotency-key': 'once' });
    const first = await send();
    const again = await send();
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
  });

  it('has one OpenAPI document', async () => {
    const { body } = await gateway.call('GET', '/openapi.json');
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining(['/api/v1/admin/api-keys', '/api/v1/admin/licenses/{id}/who', '/api/v1/license/open']),
    );
    const own = body.paths['/api/v1/admin/api-keys'].get.responses;
    const forwarded = body.paths['/api/v1/admin/licenses/{id}/who'].post.responses;
    expect(Object.keys(own)).not.toEqual(expect.arrayContaining(['502']));
    expect(forwarded[502].description).toContain('`SERVICE_UNAVAILABLE`');
    expect(forwarded[504].description).toContain('`SERVICE_TIMEOUT`');
  });

  it('reports which service is unavailable', async () => {
    const alone = await startApp({
      services: [gatewayService],
      product: PRODUCT_SERVICES,
      env: { KEYLEDGER_LICENSING_URL: 'http://127.0.0.1:9' },
    });
    const { status, headers, body } = await alone.call('GET', '/admin/licenses');
    expect([status, body.code, headers['retry-after']]).toEqual([502, 'SERVICE_UNAVAILABLE', '1']);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    await alone.close();
  });
});
