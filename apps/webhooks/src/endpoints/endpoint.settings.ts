import Type, { type Static } from 'typebox';
import { PAYLOAD_FORMATS, SIGNATURES } from '#domain/webhooks/webhook-endpoint/settings';
import { Int, Nullable, SearchText, StrictObject, Text, Timestamp, WebAddress } from '#platform/http/schemas';
import { API_VERSIONS } from '../payload/versions.ts';

/** Replaces secret values in answers. In a request it keeps the stored value. */
export const MASK = '********';

const HEADER_NAME = "^(?!(?:__proto__|constructor|prototype)$)[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$";

const RateLimit = Nullable(
  Type.Union([StrictObject({ per_second: Int(1, 1_000) }), StrictObject({ per_minute: Int(1, 60_000) })], {
    description: 'Attempts that begin within such a time, evenly spread, of all instances together; null = no limit.',
  }),
);

const Timeouts = Nullable(
  StrictObject(
    {
      connect: Type.Optional(Int(1, 10)),
      headers: Type.Optional(Int(1, 30)),
      body: Type.Optional(Int(1, 30)),
    },
    { description: 'Seconds until a connection, then until the answer’s head, then for its body. Default: 5, 15, 5.' },
  ),
);

const Filter = Nullable(
  Type.Object(
    {},
    {
      additionalProperties: true,
      description:
        'Which events of the types are sent: `{"path": "data.plan_id", "eq": "plan_…"}` (or `ne`, `in`, `exists`, `starts_with`, `gt`, `gte`, `lt`, `lte`), joined by `{"all": […]}`, `{"any": […]}`, `{"not": …}`. Anything else is refused.',
      examples: [{ path: 'data.reason', exists: true }],
    },
  ),
);

const OAuth2 = Nullable(
  StrictObject(
    {
      token_url: WebAddress,
      client_id: Text(200, { min: 1 }),
      client_secret: Text(1_000, { min: 1 }),
      scope: Type.Optional(Text(500, { min: 1 })),
    },
    {
      description: `Client credentials (RFC 6749 §4.4): deliveries carry the access token that they get. The secret is shown as ${MASK}.`,
    },
  ),
);

const ClientCertificate = Nullable(
  StrictObject(
    { certificate: Text(32_768, { multiline: true }), private_key: Text(16_384, { multiline: true }) },
    { description: `Shown to the endpoint by TLS; both in PEM. The key is shown as ${MASK}.` },
  ),
);

/** Settings that a caller can write and read. */
export const settingFields = {
  rate_limit: RateLimit,
  concurrency: Type.Integer({
    minimum: 1,
    maximum: 100,
    description: 'Attempts at once, of each instance. Default: 10.',
  }),
  retry_schedule: Nullable(
    Type.Array(Int(1, 172_800), {
      maxItems: 20,
      description: 'Pauses before further attempts, in seconds, each ±20 %; null = those of Standard Webhooks 1.0.',
      examples: [[5, 300, 3_600]],
    }),
  ),
  timeouts: Timeouts,
  headers: Type.Record(
    Type.String({ pattern: HEADER_NAME }),
    Type.String({ minLength: 1, maxLength: 1_024, pattern: '^[!-~]([ -~]*[!-~])?$' }),
    {
      maxProperties: 20,
      additionalProperties: false,
      description: `Sent with every delivery. A value that looks like a secret by its name is kept sealed and shown as ${MASK}.`,
    },
  ),
  tags: Type.Array(SearchText(50, { min: 1 }), {
    maxItems: 20,
    uniqueItems: true,
    description: 'To find webhooks by.',
  }),
  filter: Filter,
  payload_format: Type.Enum([...PAYLOAD_FORMATS], {
    description:
      '`cloudevents`: structured JSON (the default). `cloudevents_binary`: attributes as `ce-` headers, the data as body. `plain`: `{type, timestamp, data}`.',
  }),
  api_version: Type.Enum(
    API_VERSIONS.map(({ name }) => name),
    { description: 'The version of event shapes that is sent. A new webhook has the newest, and keeps it.' },
  ),
  signatures: Type.Array(Type.Enum([...SIGNATURES]), {
    minItems: 1,
    uniqueItems: true,
    description: '`v1`: HMAC-SHA256 under the secret (the default). `v1a`: Ed25519, verified with `public_key`.',
  }),
  oauth2: OAuth2,
  client_certificate: ClientCertificate,
};

/** Fields that a caller can only read. */
export const stateFields = {
  public_key: Nullable(Type.String({ description: '`whpk_` and base64: verifies `v1a` signatures.' })),
  circuit: StrictObject(
    {
      state: Type.Enum(['closed', 'open', 'half_open']),
      failures: Type.Integer({ minimum: 0, description: 'Attempts that failed since the last that did not.' }),
      opened_at: Nullable(Timestamp),
      next_probe_at: Nullable(Timestamp),
    },
    {
      $id: 'WebhookCircuit',
      description:
        'Opens when attempts fail one after the other. While it is open deliveries wait, their retries untouched, and one at a time is tried; it closes when one arrives. `half_open`: one is being tried.',
    },
  ),
};

const Settings = Type.Partial(StrictObject(settingFields));
/** Settings in a PATCH: a field that is left out stays unchanged. */
export type SettingsBody = Static<typeof Settings>;
export const optionalSettings = Settings.properties;
