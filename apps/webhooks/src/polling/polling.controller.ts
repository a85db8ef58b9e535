import { Controller } from '@nestjs/common';
import { refuse } from '#domain/webhooks/webhook-endpoint/webhook-endpoint.errors';
import { type Call, Endpoint } from '#platform/http/endpoint';
import { EndpointList } from '../endpoints/endpoint.list.ts';
import { pollWebhook } from './poll.endpoints.ts';
import { Polling } from './polling.ts';

const DEFAULT_EVENTS = 100;

@Controller()
export class PollingController {
  constructor(
    private readonly endpoints: EndpointList,
    private readonly polling: Polling,
  ) {}

  @Endpoint(pollWebhook)
  async poll({ params, query, principal }: Call<typeof pollWebhook>): Promise<unknown> {
    if ((await this.endpoints.one(params.id, principal.product_id)) === undefined) refuse('WEBHOOK_NOT_FOUND');
    const { cursor, limit = DEFAULT_EVENTS } = query;
    return (await this.polling.next(params.id, cursor, limit)) ?? refuse('WEBHOOK_NOT_FOUND');
  }
}
