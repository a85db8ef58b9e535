import type { EndpointSettings } from './settings.ts';

/**
 * How deliveries to one endpoint may overtake each other. `none`: freely. `by_subject`: none of a subject (a licence, a
 * product) overtakes an earlier one of that subject that is not done. `strict`: none overtakes any.
 */
export const ORDERINGS = ['none', 'by_subject', 'strict'] as const;
export type Ordering = (typeof ORDERINGS)[number];

/** `operator`: somebody asked for it. `gone`: the endpoint answered 410. `failing`: nothing but failures for days. */
export const DISABLED_REASONS = ['operator', 'gone', 'failing'] as const;
export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** An Ed25519 key that signs: the secret half sealed, the public half as Standard Webhooks writes it (`whpk_…`). */
export interface SigningKey {
  readonly sealed: string;
  readonly public_key: string;
}

/** Of these only that a webhook was disabled is published. Secrets stand in them sealed only. */
export type WebhookEndpointEvent =
  | {
      readonly type: 'webhook.endpoint_created';
      /** The product whose events it is sent; null = all. */
      readonly product_id: string | null;
      readonly url: string;
      readonly description: string | null;
      /** Event types and wildcards such as `license.*`. */
      readonly events: readonly string[];
      readonly ordering: Ordering;
      readonly secret: string;
      readonly signing_key?: SigningKey;
      readonly settings?: EndpointSettings;
    }
  | {
      readonly type: 'webhook.endpoint_updated';
      readonly url?: string;
      readonly description?: string | null;
      readonly events?: readonly string[];
      /** Those that change, each as a whole. */
      readonly settings?: EndpointSettings;
      /** Where there was none before. */
      readonly signing_key?: SigningKey;
    }
  | {
      readonly type: 'webhook.endpoint_secret_rotated';
      readonly secret: string;
      readonly signing_key?: SigningKey;
      /** Until then the secret that was replaced signs along. */
      readonly previous_valid_until: string;
    }
  | { readonly type: 'webhook.endpoint_enabled' }
  | {
      readonly type: 'webhook.endpoint_disabled';
      readonly reason: DisabledReason;
      readonly product_id?: string | null;
      readonly failing_since?: string;
    }
  | { readonly type: 'webhook.endpoint_deleted' };

export interface WebhookEndpoint {
  readonly product_id: string | null;
  readonly url: string;
  readonly description: string | null;
  readonly events: readonly string[];
  readonly settings: EndpointSettings;
  readonly has_signing_key: boolean;
  /** Ends of the times for which replaced secrets sign along, oldest first. */
  readonly previous_valid_until: readonly string[];
}

export type WebhookEndpointState =
  | { readonly status: 'none' }
  | { readonly status: 'deleted' }
  | ({ readonly status: 'active' | 'disabled' } & WebhookEndpoint);

export const initialState: WebhookEndpointState = { status: 'none' };

export const evolve = (state: WebhookEndpointState, event: WebhookEndpointEvent): WebhookEndpointState => {
  if (event.type === 'webhook.endpoint_created') {
    const { product_id, url, description, events, settings = {} } = event;
    const has_signing_key = event.signing_key !== undefined;
    const previous_valid_until: string[] = [];
    return { status: 'active', product_id, url, description, events, settings, has_signing_key, previous_valid_until };
  }
  if (state.status === 'none' || state.status === 'deleted') return state;
  switch (event.type) {
    case 'webhook.endpoint_updated': {
      const { url = state.url, description = state.description, events = state.events } = event;
      const settings = { ...state.settings, ...event.settings };
      const has_signing_key = state.has_signing_key || event.signing_key !== undefined;
      return { ...state, url, description, events, settings, has_signing_key };
    }
    case 'webhook.endpoint_secret_rotated':
      return {
        ...state,
        has_signing_key: state.has_signing_key || event.signing_key !== undefined,
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

/** A stream an endpoint, `whk_…`. */
export const webhookEndpointStream = { name: 'webhook_endpoint', initialState, evolve };
