import { Controller } from '@nestjs/common';
import { refuse } from '#domain/webhooks/webhook-endpoint/webhook-endpoint.errors';
import { type Call, Endpoint } from '#platform/http/endpoint';
import { Problem } from '#platform/http/problem';
import { EndpointList } from '../endpoints/endpoint.list.ts';
import { Attempts } from './attempts.ts';
import {
  type Delivery,
  listAttempts,
  listDeliveries,
  readDelivery,
  resendDelivery,
  testWebhook,
} from './delivery.endpoints.ts';
import { DeliveryList } from './delivery.list.ts';

@Controller()
export class DeliveryController {
  constructor(
    private readonly endpoints: EndpointList,
    private readonly deliveries: DeliveryList,
    private readonly attempts: Attempts,
  ) {}

  @Endpoint(listDeliveries)
  async page(call: Call<typeof listDeliveries>): Promise<unknown> {
    await this.#checkEndpoint(call.params.id, call.principal.product_id);
    return this.deliveries.page(call.params.id, call.query);
  }

  @Endpoint(readDelivery)
  async read(call: Call<typeof readDelivery>): Promise<Delivery> {
    await this.#checkEndpoint(call.params.id, call.principal.product_id);
    return found(await this.deliveries.one(call.params.id, call.params.delivery_id));
  }

  @Endpoint(resendDelivery)
  async resend(call: Call<typeof resendDelivery>): Promise<Delivery> {
    await this.#checkEndpoint(call.params.id, call.principal.product_id);
    return found(await this.deliveries.requeue(call.params.id, call.params.delivery_id));
  }

  @Endpoint(listAttempts)
  async tried(call: Call<typeof listAttempts>): Promise<unknown> {
    await this.#checkEndpoint(call.params.id, call.principal.product_id);
    return found(await this.attempts.page(call.params.id, call.params.delivery_id, call.query));
  }

  @Endpoint(testWebhook)
  async test(call: Call<typeof testWebhook>): Promise<Delivery> {
    const endpoint = await this.endpoints.one(call.params.id, call.principal.product_id);
    if (endpoint === undefined) return refuse('WEBHOOK_NOT_FOUND');
    if (!endpoint.webhook.active) throw new Problem(409, 'WEBHOOK_DISABLED', 'The webhook is switched off.');
    return found(await this.deliveries.queueTest(call.params.id));
  }

  async #checkEndpoint(id: string, boundTo: string | null): Promise<void> {
    if ((await this.endpoints.one(id, boundTo)) === undefined) refuse('WEBHOOK_NOT_FOUND');
  }
}

const found = <T>(delivery: T | undefined): T => {
  if (delivery === undefined) throw new Problem(404, 'DELIVERY_NOT_FOUND', 'There is no such delivery.');
  return delivery;
};
