import type { EndpointSettings } from './settings.ts';

/**
 * How deliveries to one endpoint may overtake each other. `none`: freely. `by_subject`: a delivery about a subject (a license, a
 * product) waits for the earlier ones about it. `strict`: each delivery waits for all earlier ones.
 */
export const ORDERINGS = ['none', 'by_subject', 'strict'] as const;
export type Ordering = (typeof ORDERINGS)[number];

/** `operator`: an operator disabled it. `gone`: the endpoint answered 410. `failing`: all attempts have failed for days. */
export const DISABLED_REASONS = ['operator', 'gone', 'failing'] as const;
export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** An Ed25519 key that signs: the secret half sealed, the public half as Standard Webhooks writes it (`whpk_…`). */
export interface SigningKey {
  readonly sealed: string;
  readonly public_key: string;
}

/** Only `webhook.endpoint_disabled` is published. The events contain secrets in encrypted form only. */
export type WebhookEndpointEvent =
  | {
      readonly type: 'webhook.endpoint_created';
      /** It receives the events of this product; null = of all products. */
      readonly product_id: string | null;
      readonly url: string;
      readonly description: string | null;
      /** Event types and wildcards such as `license.*`. */
      readonly events: readonly string[];
      readonly ordering: Ordering;
      readonly secret: string;
      readonly signing_key: SigningKey;
      /** Since schema version 2. */
      readonly settings: EndpointSettings;
    }
  | {
      readonly type: 'webhook.endpoint_updated';
      readonly url?: string;
      readonly description?: string | null;
      readonly events?: readonly string[];
      /** The settings that change, each as a whole. */
      readonly settings?: EndpointSettings;
    }
  | {
      readonly type: 'webhook.endpoint_secret_rotated';
      readonly secret: string;
      readonly signing_key: SigningKey;
      /** The replaced secret signs too until this time. */
      readonly previous_valid_until: string;
    }
  | { readonly type: 'webhook.endpoint_enabled' }
  | {
      readonly type: 'webhook.endpoint_disabled';
      readonly reason: DisabledReason;
      readonly product_id: string | null;
      /** Only with the reason `failing`. */
      readonly failing_since?: string;
    }
  | { readonly type: 'webhook.endpoint_deleted' };

export interface WebhookEndpoint {
  readonly product_id: string | null;
  readonly url: string;
  readonly description: string | null;
  readonly events: readonly string[];
  readonly settings: EndpointSettings;
  /** The times until which replaced secrets sign too, oldest first. */
  readonly previous_valid_until: readonly string[];
}

export type WebhookEndpointState =
  | { readonly status: 'none' }
  | { readonly status: 'deleted' }
  | ({ readonly status: 'active' | 'disabled' } & WebhookEndpoint);

export const initialState: WebhookEndpointState = { status: 'none' };

export const evolve = (state: WebhookEndpointState, event: WebhookEndpointEvent): WebhookEndpointState => {
  if (event.type === 'webhook.endpoint_created') {
    const { product_id, url, description, events, settings } = event;
    return { status: 'active', product_id, url, description, events, settings, previous_valid_until: [] };
  }
  if (state.status === 'none' || state.status === 'deleted') return state;
  switch (event.type) {
    case 'webhook.endpoint_updated': {
      const { url = state.url, description = state.description, events = state.events } = event;
      const settings = { ...state.settings, ...event.settings };
      return { ...state, url, description, events, settings };
    }
    case 'webhook.endpoint_secret_rotated':
      return {
        ...state,
        previous_valid_until: [...state.previous_valid_until, event.previous_valid_until],
      };
    case 'webhook.endpoint_enabled':
      return { ...state, status: 'active' };
    case 'webhook.endpoint_disabled':
      return { ...state, status: 'disabled' };
    case 'webhook.endpoint_deleted':
      return { status: 'deleted' };
    default:
      return state;
  }
};

/**
 * Each step converts an event's data from one schema version to the next. Version 1 of `webhook.endpoint_created` is older than
 * settings: such an endpoint has the defaults. An event in the log never changes; the store upcasts it when it reads it, so
 * `evolve` knows only the present version. To change the shape of an event, add a step here.
 */
export const upcasters = {
  'webhook.endpoint_created': { 1: (data: Record<string, unknown>) => ({ ...data, settings: {} }) },
};

/** One stream per endpoint, `whk_…`. */
export const webhookEndpointStream = { name: 'webhook_endpoint', initialState, evolve, upcasters };
