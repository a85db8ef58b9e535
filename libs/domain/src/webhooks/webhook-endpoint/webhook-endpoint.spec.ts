import { decide, MAX_OVERLAPPING, type WebhookEndpointCommand } from './webhook-endpoint.commands.ts';
import { evolve, initialState, upcasters, type WebhookEndpointEvent } from './webhook-endpoint.ts';

const created: WebhookEndpointEvent = {
  type: 'webhook.endpoint_created',
  product_id: 'prod_1',
  url: 'https://example.com/hooks',
  description: null,
  events: ['license.*'],
  ordering: 'none',
  secret: 'sealed-1',
  signing_key: { sealed: 'sealed-key', public_key: 'whpk_1' },
  settings: {},
};
const disabled: WebhookEndpointEvent = {
  type: 'webhook.endpoint_disabled',
  reason: 'operator',
  product_id: 'prod_1',
};
const create: WebhookEndpointCommand = {
  ...created,
  type: 'CreateWebhookEndpoint',
  active: true,
  maker_product_id: null,
};
const NOW = '2026-11-21T10:00:00.000Z';
const TOMORROW = '2026-11-22T10:00:00.000Z';
const NEW_KEY = { sealed: 'sealed-key-2', public_key: 'whpk_2' };
const rotate = (secret: string, now = NOW): WebhookEndpointCommand => ({
  type: 'RotateWebhookSecret',
  secret,
  signing_key: NEW_KEY,
  now,
  maker_product_id: null,
});

const given = (...events: WebhookEndpointEvent[]) => ({
  when: (command: WebhookEndpointCommand) => decide(command, events.reduce(evolve, initialState)),
});
const refusal = (code: string): Error => expect.objectContaining({ code }) as unknown as Error;

describe('a webhook endpoint', () => {
  it('is created once, with each event type once', () => {
    expect(given().when({ ...create, events: ['license.*', 'license.*'] })).toEqual([created]);
    expect(() => given(created).when(create)).toThrow(refusal('WEBHOOK_EXISTS'));
  });

  it('can be created inactive', () => {
    expect(given().when({ ...create, active: false })).toEqual([created, disabled]);
  });

  it.each([null, 'prod_2'])('for %s is not created by a key that is bound to prod_1', (product_id) => {
    expect(() => given().when({ ...create, product_id, maker_product_id: 'prod_1' })).toThrow(
      refusal('WEBHOOK_BEYOND_PRODUCT'),
    );
  });

  it('changes only the fields that differ', () => {
    const update = { type: 'UpdateWebhookEndpoint', maker_product_id: null } as const;
    expect(given(created).when({ ...update, url: created.url, events: ['*'] })).toEqual([
      { type: 'webhook.endpoint_updated', events: ['*'] },
    ]);
    expect(given(created).when({ ...update, url: created.url, events: ['license.*'], active: true })).toEqual([]);
    expect(given(created).when({ ...update, description: 'Shop' })).toEqual([
      { type: 'webhook.endpoint_updated', description: 'Shop' },
    ]);
  });

  it('is disabled and enabled', () => {
    const update = { type: 'UpdateWebhookEndpoint', maker_product_id: null } as const;
    expect(given(created).when({ ...update, active: false })).toEqual([disabled]);
    expect(given(created, disabled).when({ ...update, active: false })).toEqual([]);
    expect(given(created, disabled).when({ ...update, active: true })).toEqual([{ type: 'webhook.endpoint_enabled' }]);
  });

  it('that is gone is disabled once', () => {
    const gone = { type: 'DisableWebhookEndpoint', reason: 'gone' } as const;
    expect(given(created).when(gone)).toEqual([{ ...disabled, reason: 'gone' }]);
    expect(given(created, disabled).when(gone)).toEqual([]);
    expect(given(created, { type: 'webhook.endpoint_deleted' }).when(gone)).toEqual([]);
  });

  it('that fails for days is disabled, with the time when the failures began', () => {
    const failing = { type: 'DisableWebhookEndpoint', reason: 'failing', failing_since: NOW } as const;
    expect(given(created).when(failing)).toEqual([{ ...disabled, reason: 'failing', failing_since: NOW }]);
  });

  it('signs with the replaced secret for one more day', () => {
    expect(given(created).when(rotate('sealed-2'))).toEqual([
      {
        type: 'webhook.endpoint_secret_rotated',
        secret: 'sealed-2',
        signing_key: NEW_KEY,
        previous_valid_until: TOMORROW,
      },
    ]);
  });

  it('refuses too many rotations in a day, so that its signature header stays short', () => {
    const rotations = Array.from({ length: MAX_OVERLAPPING }, () => ({
      type: 'webhook.endpoint_secret_rotated' as const,
      secret: 's',
      signing_key: NEW_KEY,
      previous_valid_until: TOMORROW,
    }));
    expect(() => given(created, ...rotations).when(rotate('sealed-9'))).toThrow(refusal('WEBHOOK_ROTATED_TOO_OFTEN'));
    expect(given(created, ...rotations).when(rotate('sealed-9', TOMORROW))).toHaveLength(1);
  });

  it.each<WebhookEndpointCommand>([
    { type: 'UpdateWebhookEndpoint', active: false, maker_product_id: 'prod_2' },
    { ...rotate('s'), maker_product_id: 'prod_2' } as WebhookEndpointCommand,
    { type: 'DeleteWebhookEndpoint', maker_product_id: 'prod_2' },
  ])('does not exist for keys of other products ($type), or after it is deleted', (command) => {
    expect(() => given(created).when(command)).toThrow(refusal('WEBHOOK_NOT_FOUND'));
    const own = { ...command, maker_product_id: null } as WebhookEndpointCommand;
    expect(() => given(created, { type: 'webhook.endpoint_deleted' }).when(own)).toThrow(refusal('WEBHOOK_NOT_FOUND'));
    expect(() => given().when(own)).toThrow(refusal('WEBHOOK_NOT_FOUND'));
  });

  it('that was created before there were settings has the defaults', () => {
    const { type: _type, settings: _settings, ...first } = created;
    const upcast = upcasters['webhook.endpoint_created'][1](first);
    const event = { type: 'webhook.endpoint_created', ...upcast } as WebhookEndpointEvent;
    expect(event).toEqual({ ...created, settings: {} });
    expect(evolve(initialState, event)).toMatchObject({ status: 'active', settings: {} });
  });

  it('keeps its state on an unknown event', () => {
    const state = evolve(initialState, created);
    expect(evolve(state, { type: 'webhook.endpoint_painted' } as unknown as WebhookEndpointEvent)).toBe(state);
  });
});
