import { Controller, Inject } from '@nestjs/common';
import Type from 'typebox';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { webhooksService } from '../../apps/webhooks/src/webhooks.module.ts';
import { contract, text } from '#domain/shared/contract';
import type { EventStore } from '#events/store';
import { defineService } from '#platform/define-service';
import { type Call, Endpoint, endpoint } from '#platform/http/endpoint';
import { Problem } from '#platform/http/problem';
import { StrictObject, Text } from '#platform/http/schemas';
import { EVENT_STORE } from '#platform/service';
import { eventually, startApp, type TestApp } from '../support/app.ts';
import { startSink } from '../webhooks/harness.ts';

const greetingStream = {
  name: 'greeting',
  initialState: 0,
  evolve: (count: number, _event: { readonly type: 'greeting.sent'; readonly name: string }): number => count + 1,
};

const sendGreeting = endpoint({
  method: 'POST',
  path: '/admin/greetings',
  operation: 'sendGreeting',
  tag: 'Greetings',
  summary: 'Send a greeting',
  auth: 'admin',
  body: StrictObject({ name: Text(20) }),
  answers: { 200: { description: 'It was sent.', schema: Type.Object({ name: Type.String() }) } },
  problems: [{ status: 409, code: 'GREETING_REFUSED' }],
});

@Controller()
class GreetingController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Endpoint(sendGreeting)
  async send({ body: { name }, metadata }: Call<typeof sendGreeting>): Promise<{ name: string }> {
    if (name === 'nobody') throw new Problem(409, 'GREETING_REFUSED', 'There is no one to greet.');
    await this.store.handle(greetingStream, 'greeting-1', () => [{ type: 'greeting.sent', name }], {
      metadata: metadata(),
    });
    return { name };
  }
}

/** A service as its own folder would define it. */
const greetingsService = defineService({
  name: 'greetings',
  features: [{ streams: [greetingStream], controllers: [GreetingController] }],
  publishes: [
    contract({
      type: 'greeting.sent',
      service: 'greetings',
      subject: 'greeting-1',
      description: 'A greeting was sent.',
      fields: { name: text('The name that was greeted.') },
      example: { name: 'Ada' },
    }),
  ],
  problems: { GREETING_REFUSED: { status: 409, message: 'There is no one to greet.', remedy: 'Name a person.' } },
});

/** The only change outside the folder: the name of the service in the list of services. */
const product = [gatewayService, licensingService, webhooksService, greetingsService];

describe('a service that is added to the list of services', () => {
  describe('in one process', () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await startApp({ services: product, env: { KEYLEDGER_WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8' } });
    });
    afterAll(() => app.close());

    it('answers at its routes, and is part of the documents', async () => {
      const { status, body } = await app.call('POST', '/admin/greetings', { name: 'Ada' });
      expect([status, body]).toEqual([200, { name: 'Ada' }]);
      const openapi = await app.call('GET', '/openapi.json');
      expect(openapi.body.paths['/api/v1/admin/greetings'].post.operationId).toBe('sendGreeting');
      const catalog = await app.call('GET', '/events/catalog');
      expect(catalog.body.data.map((entry: { type: string }) => entry.type)).toContain('greeting.sent');
    });

    it('has its problems explained', async () => {
      const { status, body } = await app.call('POST', '/admin/greetings', { name: 'nobody' });
      expect([status, body.code]).toEqual([409, 'GREETING_REFUSED']);
      const page = await fetch(`${app.url}/problems/GREETING_REFUSED`);
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Name a person.')]);
    });

    it('has its events delivered to webhooks', async () => {
      const sink = await startSink();
      await app.create('/admin/webhooks', { url: sink.url, events: ['greeting.*'] });
      await app.call('POST', '/admin/greetings', { name: 'Grace' });
      const types = await eventually(() => {
        const bodies = sink.received.map(({ body }) => JSON.parse(body) as { type: string; data: object });
        return bodies.length > 0 && bodies;
      });
      expect(types[0]).toMatchObject({ type: 'greeting.sent', data: { name: 'Grace' } });
      await sink.close();
    });
  });

  it('is reached through the gateway of a cluster by the address that the environment gives', async () => {
    const service = await startApp({ services: [greetingsService], product });
    const env = { KEYLEDGER_GREETINGS_URL: service.url };
    const gateway = await startApp({ services: [gatewayService], product, env });
    const { status, body } = await gateway.call('POST', '/admin/greetings', { name: 'Ada' });
    expect([status, body]).toEqual([200, { name: 'Ada' }]);
    await gateway.close();
    await service.close();
  });
});
