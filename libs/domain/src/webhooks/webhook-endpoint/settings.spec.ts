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
  it('are told when it is made, those that were given', () => {
    const command = { ...created, type: 'CreateWebhookEndpoint', active: true, maker_product_id: null } as const;
    expect(given().when(command)).toEqual([created]);
    const { settings: _none, ...plain } = created;
    expect(given().when({ ...command, settings: { tags: undefined } })).toEqual([plain]);
  });

  it('change one by one, and in what is new alone', () => {
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

  it('that ask for v1a bring a key where there is none, and no other', () => {
    const wanted = update({ settings: { signatures: ['v1', 'v1a'] }, signing_key: key });
    expect(given(created).when(wanted)).toMatchObject([{ signing_key: key }]);
    expect(given({ ...created, signing_key: key }).when(wanted)).toEqual([
      { type: 'webhook.endpoint_updated', settings: { signatures: ['v1', 'v1a'] } },
    ]);
    expect(given(created).when(update({ description: 'Shop', signing_key: key }))).toEqual([
      { type: 'webhook.endpoint_updated', description: 'Shop' },
    ]);
  });

  it('that ask for v1a keep the key that a rotation brought', () => {
    const rotated: WebhookEndpointEvent = {
      type: 'webhook.endpoint_secret_rotated',
      secret: 'sealed-2',
      signing_key: key,
      previous_valid_until: '2026-11-22T10:00:00.000Z',
    };
    const wanted = update({ settings: { signatures: ['v1a'] }, signing_key: { ...key, public_key: 'whpk_2' } });
    expect(given(created, rotated).when(wanted)).toEqual([
      { type: 'webhook.endpoint_updated', settings: { signatures: ['v1a'] } },
    ]);
  });
});
