import type { PayloadFormat } from '#domain/webhooks/webhook-endpoint/settings';
import type { EndpointRow, KeptSecret } from '../endpoints/endpoint.table.ts';
import { type Opening, openCredential, openKey, openSigningKey } from '../endpoints/secret.ts';
import type { Reach } from './connection-pool.ts';
import { AccessToken } from './oauth2.ts';
import type { DeliverySettings } from './settings.ts';
import { ed25519Signer, hmacSigner, type Signer } from './signature.ts';

/** The columns of an endpoint that a target is made of. */
export type TargetRow = Pick<EndpointRow, 'id' | 'version' | 'product_id' | 'url' | 'secrets' | 'settings'>;

/** An endpoint, ready to be sent to: secrets opened, defaults filled in. Times in milliseconds. */
export interface Target extends Reach {
  readonly id: string;
  readonly version: number;
  readonly product_id: string | null;
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly format: PayloadFormat;
  readonly api_version: string | undefined;
  readonly concurrency: number;
  readonly ladder: readonly number[];
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
  readonly token: AccessToken | undefined;
  /** The signers that are valid now, those of the current secret first. */
  signers(now: number): readonly Signer[];
}

/** @throws when a secret was not sealed for this endpoint under this master key */
export const targetOf = (row: TargetRow, masterKey: Opening, defaults: DeliverySettings): Target => {
  const { id, version, product_id, settings } = row;
  const { origin, pathname, search } = new URL(row.url);
  const { connect, headers, body } = settings.timeouts ?? {};
  const { oauth2, client_certificate } = settings;
  const kept = row.secrets.map((secret) => ({
    until: secret.valid_until === null ? Infinity : Date.parse(secret.valid_until),
    signers: signersOf(row, secret, masterKey),
  }));
  return {
    id,
    version,
    product_id,
    origin,
    path: pathname + search,
    headers: Object.fromEntries(
      (settings.headers ?? []).map((header) => [
        header.name.toLowerCase(),
        'value' in header ? header.value : openCredential(masterKey, id, header.sealed),
      ]),
    ),
    format: settings.payload_format ?? 'cloudevents',
    api_version: settings.api_version,
    concurrency: settings.concurrency ?? defaults.concurrency,
    ladder: settings.retry_schedule?.map((seconds) => seconds * 1_000) ?? defaults.ladder,
    connectTimeout: milliseconds(connect) ?? defaults.connectTimeout,
    headersTimeout: milliseconds(headers) ?? defaults.headersTimeout,
    bodyTimeout: milliseconds(body) ?? defaults.bodyTimeout,
    token: oauth2
      ? new AccessToken({ ...oauth2, scope: oauth2.scope, client_secret: openCredential(masterKey, id, oauth2.sealed) })
      : undefined,
    certificate: client_certificate
      ? { cert: client_certificate.certificate, key: openCredential(masterKey, id, client_certificate.sealed) }
      : undefined,
    signers: (now) => kept.filter(({ until }) => until > now).flatMap(({ signers }) => signers),
  };
};

const signersOf = (
  { id, settings: { signatures = ['v1'] } }: TargetRow,
  { sealed, signing_key }: KeptSecret,
  masterKey: Opening,
): readonly Signer[] => [
  ...(signatures.includes('v1') ? [hmacSigner(openKey(masterKey, id, sealed))] : []),
  ...(signatures.includes('v1a') ? [ed25519Signer(openSigningKey(masterKey, id, signing_key.sealed))] : []),
];

const milliseconds = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : seconds * 1_000;
