import { isDeepStrictEqual } from 'node:util';
import type { Filter } from './filter.ts';

/** How the request carries the event. `plain`: `{type, timestamp, data}`, as Standard Webhooks advises. */
export const PAYLOAD_FORMATS = ['cloudevents', 'cloudevents_binary', 'plain'] as const;
export type PayloadFormat = (typeof PAYLOAD_FORMATS)[number];

/** `v1`: HMAC-SHA256 under the shared secret. `v1a`: Ed25519, which is verified with the public key. */
export const SIGNATURES = ['v1', 'v1a'] as const;
export type Signature = (typeof SIGNATURES)[number];

export type RateLimit = { readonly per_second: number } | { readonly per_minute: number };

/** In seconds. A timeout that is left out has the default of the service. */
export interface Timeouts {
  readonly connect?: number;
  readonly headers?: number;
  readonly body?: number;
}

/** A header that every delivery carries. The value is sealed if it looks like a secret. */
export type CustomHeader =
  { readonly name: string; readonly value: string } | { readonly name: string; readonly sealed: string };

/** Client credentials (RFC 6749 §4.4) for a token that every delivery carries. */
export interface OAuth2 {
  readonly token_url: string;
  readonly client_id: string;
  readonly scope?: string;
  /** The client secret. */
  readonly sealed: string;
}

/** The certificate that the service presents in TLS. */
export interface ClientCertificate {
  /** PEM, with the chain if it needs one. */
  readonly certificate: string;
  /** The private key in PEM. */
  readonly sealed: string;
}

/** How events are delivered to one endpoint. A setting that is left out has the default of the service. */
export interface EndpointSettings {
  readonly rate_limit?: RateLimit | null;
  /** Concurrent attempts of each instance of the service. */
  readonly concurrency?: number;
  /** Pauses before retries, in seconds; null = the retry schedule of Standard Webhooks. */
  readonly retry_schedule?: readonly number[] | null;
  readonly timeouts?: Timeouts | null;
  readonly headers?: readonly CustomHeader[];
  readonly tags?: readonly string[];
  readonly filter?: Filter | null;
  readonly payload_format?: PayloadFormat;
  readonly api_version?: string;
  readonly signatures?: readonly Signature[];
  readonly oauth2?: OAuth2 | null;
  readonly client_certificate?: ClientCertificate | null;
}

/** The settings that a change makes different; undefined if there are none. Each setting is replaced as a whole. */
export const changedSettings = (before: EndpointSettings, change: EndpointSettings): EndpointSettings | undefined => {
  const names = (Object.keys(change) as (keyof EndpointSettings)[]).filter(
    (name) => change[name] !== undefined && !isDeepStrictEqual(change[name], before[name]),
  );
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, change[name]]));
};
