import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { Global, Module, type Type } from '@nestjs/common';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { DELIVERY_SETTINGS, type DeliverySettings } from '../../apps/webhooks/src/sending/settings.ts';
import { webhooksService } from '../../apps/webhooks/src/webhooks.module.ts';
import { newId } from '#domain/shared/id';
import { eventually, type Reply, startApp, type TestApp } from '../support/app.ts';
import { LicensingLog, licensingStandIn } from '../support/licensing-log.ts';

const settingsModule = (settings: Partial<DeliverySettings>): Type => {
  @Global()
  @Module({
    providers: [{ provide: DELIVERY_SETTINGS, useValue: settings }],
    exports: [DELIVERY_SETTINGS],
  })
  class Settings {}
  return Settings;
};

export interface Webhooks extends TestApp {
  /** Suspends a license of the product, which makes the shortest event. @returns the event's id */
  suspend(product?: string, license?: string): Promise<string>;
  /** Creates a product. @returns its id */
  product(): Promise<string>;
  /** Creates a webhook for license events by default (the first key of the gateway is also an event). */
  webhook(url: string, fields?: Record<string, unknown>): Promise<{ id: string; secret: string }>;
  /** Waits until the only delivery of an event to a webhook satisfies the condition. */
  delivery(webhook: string, event: string, until: (delivery: Reply['body']) => boolean): Promise<Reply['body']>;
  /** The first attempt at a new webhook with this address, and the status of the delivery after the attempt. */
  attemptAt(url: string, fields?: Record<string, unknown>): Promise<Record<string, unknown>>;
}

export const PRODUCT = newId('prod');

/** Settings with very short delays between attempts. */
export const QUICK: Partial<DeliverySettings> = {
  ladder: [20, 20, 20],
  poll: 20,
  grace: 200,
  circuit: { failures: 10, pause: 20, longest: 100 },
};

/** Webhooks and the gateway, with a log of licensing that the test writes. Loopback is allowed unless `env` says otherwise. */
export const startWebhooks = async (
  settings: Partial<DeliverySettings> = QUICK,
  {
    databaseUrl,
    env,
    retryLadder,
  }: { databaseUrl?: string; env?: Record<string, string>; retryLadder?: readonly number[] } = {},
): Promise<Webhooks> => {
  const app = await startApp({
    services: [licensingStandIn, gatewayService, webhooksService],
    modules: [settingsModule(settings)],
    env: { KEYLEDGER_WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8', ...env },
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...(retryLadder === undefined ? {} : { retryLadder }),
  });
  const licensing = app.app.nest.get(LicensingLog, { strict: false });
  const webhooks: Webhooks = {
    ...app,
    suspend: async (product = PRODUCT, license = newId('lic')) => {
      const [id = ''] = await licensing.append(license, {
        type: 'license.suspended',
        product_id: product,
        reason: null,
      });
      return id;
    },
    product: async () => {
      const id = newId('prod');
      await licensing.append(id, { type: 'product.created', name: 'Editor', slug: id.replace('_', '-') });
      return id;
    },
    webhook: async (url, fields = {}) =>
      (await app.create('/admin/webhooks', { url, events: ['license.*'], ...fields })) as {
        id: string;
        secret: string;
      },
    delivery: (webhook, event, until) =>
      eventually(async () => {
        const { body } = await app.call('GET', `/admin/webhooks/${webhook}/deliveries?limit=200`);
        const mine = (body.data as { event_id: string }[]).filter(({ event_id }) => event_id === event);
        return mine.length === 1 && until(mine[0]) ? mine[0] : undefined;
      }),
    attemptAt: async (url, fields) => {
      const { id } = await webhooks.webhook(url, fields);
      const event = await webhooks.suspend();
      const { attempts, status } = await webhooks.delivery(id, event, (delivery) => delivery.status !== 'pending');
      await app.call('DELETE', `/admin/webhooks/${id}`);
      return { status, ...attempts[0] };
    },
  };
  return webhooks;
};

export interface Received {
  readonly id: string;
  readonly at: number;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Sink {
  readonly url: string;
  readonly port: number;
  readonly received: Received[];
  close(): Promise<void>;
}

export type Answering = (received: Received, response: ServerResponse, request: IncomingMessage) => void;

/** A receiver of webhooks; answers 204 by default. */
export const startSink = async (
  answering: Answering = (_, response) => response.writeHead(204).end(),
): Promise<Sink> => {
  const received: Received[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = {
        id: String(request.headers['webhook-id']),
        at: performance.now(),
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      received.push(one);
      answering(one, response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    port,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

/**
 * No receipt came before its slot. Slots are `1 / rate` of a second apart, the first at `since` (of `performance.now()`) or
 * later. A late receipt says nothing about the rate, only about how busy the machine is.
 */
export const expectPaced = (received: readonly Received[], since: number, rate: number): void => {
  const early = received.map(({ at }, n) => since + (n * 1_000) / rate - at);
  // Two clocks are involved, PostgreSQL's and Node's.
  expect(Math.max(...early)).toBeLessThan(10);
};
