import { decide, type WebhookEndpointCommand } from './webhook-endpoint.commands.ts';
import { evolve, initialState, type WebhookEndpointEvent } from './webhook-endpoint.ts';

const key = { sealed: 'sealed-key', public_key: 'whpk_1' };
const created: WebhookEndpointEvent = {
  type: 'webhook.endpoint_created',
  product_id: null,
  url: 'https://example.com/hooks',
  description: null,
  events: ['*'],
  ordering: 'none',
  secret: 'sealed',
  signing_key: key,
  settings: { concurrency: 4, rate_limit: { per_second: 5 } },
};
const update = (fields: object): WebhookEndpointCommand => ({
  type: 'UpdateWebhookEndpoint',
  maker_product_id: null,
  ...fields,
});
const given = (...events: WebhookEndpointEvent[]) => ({
  when: (command: WebhookEndpointCommand) => decide(command, events.reduce(evolve, initialState)),
});

describe('settings of a webhook endpoint', () => {
  it('are recorded as given when the endpoint is created', () => {
    const command = { ...created, type: 'CreateWebhookEndpoint', active: true, maker_product_id: null } as const;
    expect(given().when(command)).toEqual([created]);
    expect(given().when({ ...command, settings: { tags: undefined } })).toEqual([{ ...created, settings: {} }]);
  });

  it('change one by one, and only if they differ', () => {
    const settings = { concurrency: 4, rate_limit: { per_minute: 5 } };
    expect(given(created).when(update({ settings }))).toEqual([
      { type: 'webhook.endpoint_updated', settings: { rate_limit: { per_minute: 5 } } },
    ]);
    const changed: WebhookEndpointEvent = { type: 'webhook.endpoint_updated', settings: { rate_limit: null } };
    expect(given(created, changed).when(update({ settings: { concurrency: 4, rate_limit: null } }))).toEqual([]);
    expect(given(created, changed).when(update({ settings: { concurrency: 5 } }))).toEqual([
      { type: 'webhook.endpoint_updated', settings: { concurrency: 5 } },
    ]);
  });
});
