import { changedSettings, type EndpointSettings } from './settings.ts';
import { refuse } from './webhook-endpoint.errors.ts';
import type {
  DisabledReason,
  Ordering,
  SigningKey,
  WebhookEndpoint,
  WebhookEndpointEvent,
  WebhookEndpointState,
} from './webhook-endpoint.ts';

/** How long a replaced secret still signs too, in milliseconds: receivers change to the new one within this time. */
export const OVERLAP_MS = 24 * 3_600_000;
/** Largest number of replaced secrets that still sign: each one makes the signature header longer. */
export const MAX_OVERLAPPING = 5;

/** The product that the caller's own credential is bound to; null = system-wide. */
export interface MadeBy {
  readonly maker_product_id: string | null;
}

export interface CreateWebhookEndpoint extends MadeBy {
  readonly type: 'CreateWebhookEndpoint';
  readonly product_id: string | null;
  readonly url: string;
  readonly description: string | null;
  readonly events: readonly string[];
  readonly ordering: Ordering;
  readonly active: boolean;
  /** Sealed. */
  readonly secret: string;
  readonly signing_key: SigningKey;
  readonly settings: EndpointSettings;
}

/** Fields left out stay as they are. */
export interface UpdateWebhookEndpoint extends MadeBy {
  readonly type: 'UpdateWebhookEndpoint';
  readonly url?: string;
  readonly description?: string | null;
  readonly events?: readonly string[];
  readonly active?: boolean;
  readonly settings?: EndpointSettings;
}

export interface RotateWebhookSecret extends MadeBy {
  readonly type: 'RotateWebhookSecret';
  /** Sealed. */
  readonly secret: string;
  readonly signing_key: SigningKey;
  /** RFC 3339. */
  readonly now: string;
}

export interface DisableWebhookEndpoint {
  readonly type: 'DisableWebhookEndpoint';
  readonly reason: DisabledReason;
  /** When the failures began, if they are the reason, RFC 3339. */
  readonly failing_since?: string;
}

export interface DeleteWebhookEndpoint extends MadeBy {
  readonly type: 'DeleteWebhookEndpoint';
}

export type WebhookEndpointCommand =
  CreateWebhookEndpoint | UpdateWebhookEndpoint | RotateWebhookSecret | DisableWebhookEndpoint | DeleteWebhookEndpoint;

export const decide = (command: WebhookEndpointCommand, state: WebhookEndpointState): WebhookEndpointEvent[] => {
  switch (command.type) {
    case 'CreateWebhookEndpoint':
      return create(command, state);
    case 'UpdateWebhookEndpoint':
      return update(command, state);
    case 'RotateWebhookSecret':
      return rotate(command, state);
    case 'DisableWebhookEndpoint':
      return disable(command, state);
    case 'DeleteWebhookEndpoint':
      visible(command, state);
      return [{ type: 'webhook.endpoint_deleted' }];
    default:
      return command satisfies never;
  }
};

const create = (command: CreateWebhookEndpoint, state: WebhookEndpointState): WebhookEndpointEvent[] => {
  if (state.status !== 'none') return refuse('WEBHOOK_EXISTS');
  const { product_id, url, description, events, ordering, active, secret, signing_key, maker_product_id } = command;
  const settings = changedSettings({}, command.settings) ?? {};
  if (maker_product_id !== null && product_id !== maker_product_id) return refuse('WEBHOOK_BEYOND_PRODUCT');
  return [
    {
      type: 'webhook.endpoint_created',
      product_id,
      url,
      description,
      events: unique(events),
      ordering,
      secret,
      signing_key,
      settings,
    },
    ...(active ? [] : [disabled('operator', product_id)]),
  ];
};

const update = (command: UpdateWebhookEndpoint, state: WebhookEndpointState): WebhookEndpointEvent[] => {
  const endpoint = visible(command, state);
  const { url, description, events, active } = command;
  const settings = changedSettings(endpoint.settings, command.settings ?? {});
  const changed = {
    ...(url === undefined || url === endpoint.url ? {} : { url }),
    ...(description === undefined || description === endpoint.description ? {} : { description }),
    ...(events === undefined || same(unique(events), endpoint.events) ? {} : { events: unique(events) }),
    ...(settings === undefined ? {} : { settings }),
  };
  return [
    ...(Object.keys(changed).length === 0 ? [] : [{ type: 'webhook.endpoint_updated', ...changed } as const]),
    ...switched(active, endpoint),
  ];
};

const switched = (
  active: boolean | undefined,
  { status, product_id }: ReturnType<typeof visible>,
): WebhookEndpointEvent[] => {
  if (active === undefined || active === (status === 'active')) return [];
  return [active ? { type: 'webhook.endpoint_enabled' } : disabled('operator', product_id)];
};

const disable = (
  { reason, failing_since }: DisableWebhookEndpoint,
  state: WebhookEndpointState,
): WebhookEndpointEvent[] => {
  if (state.status !== 'active') return [];
  return [{ ...disabled(reason, state.product_id), ...(failing_since === undefined ? {} : { failing_since }) }];
};

const disabled = (reason: DisabledReason, product_id: string | null) =>
  ({ type: 'webhook.endpoint_disabled', reason, product_id }) as const;

const rotate = (command: RotateWebhookSecret, state: WebhookEndpointState): WebhookEndpointEvent[] => {
  const { previous_valid_until } = visible(command, state);
  const { secret, signing_key, now } = command;
  const overlapping = previous_valid_until.filter((end) => end > now);
  const [oldest] = overlapping;
  if (overlapping.length >= MAX_OVERLAPPING) return refuse('WEBHOOK_ROTATED_TOO_OFTEN', { possible_at: oldest });
  const end = new Date(Date.parse(now) + OVERLAP_MS).toISOString();
  return [{ type: 'webhook.endpoint_secret_rotated', secret, signing_key, previous_valid_until: end }];
};

/** The endpoint. Refused if it does not exist, or if it belongs to a product that the caller may not see. */
export const visible = (
  { maker_product_id }: MadeBy,
  state: WebhookEndpointState,
): WebhookEndpoint & { readonly status: 'active' | 'disabled' } => {
  if (state.status === 'none' || state.status === 'deleted') return refuse('WEBHOOK_NOT_FOUND');
  if (maker_product_id !== null && state.product_id !== maker_product_id) return refuse('WEBHOOK_NOT_FOUND');
  return state;
};

const unique = (events: readonly string[]): readonly string[] => [...new Set(events)];

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, n) => one === b[n]);
