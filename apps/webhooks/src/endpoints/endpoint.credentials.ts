import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { EndpointSettings } from '#domain/webhooks/webhook-endpoint/settings';
import type { AddressRule } from '../sending/addresses.ts';
import { checkUrl, invalid } from './endpoint.rules.ts';
import { MASK, type SettingsBody } from './endpoint.settings.ts';

type Credentials = Pick<EndpointSettings, 'oauth2' | 'client_certificate'>;

/**
 * Credentials that deliveries to an endpoint carry, with the secret parts sealed. A mask keeps the stored value.
 * @throws Problem 400
 */
export const credentialsFrom = (
  { oauth2, client_certificate }: Pick<SettingsBody, 'oauth2' | 'client_certificate'>,
  before: Credentials,
  seal: (value: string) => string,
  refused: AddressRule,
): Credentials => {
  if (oauth2) checkUrl(oauth2.token_url, refused, '/oauth2/token_url');
  if (client_certificate) checkPair(client_certificate);
  return {
    ...(oauth2 === undefined ? {} : { oauth2: oauth2 && sealedOauth2(oauth2, before, seal) }),
    ...(client_certificate === undefined
      ? {}
      : { client_certificate: client_certificate && sealedCertificate(client_certificate, before, seal) }),
  };
};

const sealedOauth2 = (
  { client_secret, ...rest }: NonNullable<SettingsBody['oauth2']>,
  { oauth2 }: Credentials,
  seal: (value: string) => string,
): NonNullable<Credentials['oauth2']> => {
  if (client_secret !== MASK) return { ...rest, sealed: seal(client_secret) };
  // A stored secret must not be sent to another address by a caller that does not know it.
  if (!oauth2 || oauth2.token_url !== rest.token_url) {
    throw invalid('/oauth2/client_secret', 'is a mask, and no secret is kept for this address');
  }
  return { ...rest, sealed: oauth2.sealed };
};

const sealedCertificate = (
  { certificate, private_key }: NonNullable<SettingsBody['client_certificate']>,
  { client_certificate: kept }: Credentials,
  seal: (value: string) => string,
): NonNullable<Credentials['client_certificate']> => {
  if (private_key !== MASK) return { certificate, sealed: seal(private_key) };
  if (!kept || kept.certificate !== certificate) {
    throw invalid('/client_certificate/private_key', 'is a mask, and no key is kept for this certificate');
  }
  return kept;
};

const checkPair = ({ certificate, private_key }: NonNullable<SettingsBody['client_certificate']>): void => {
  const x509 = parsed(() => new X509Certificate(certificate));
  if (x509 === undefined) throw invalid('/client_certificate/certificate', 'must be a certificate in PEM');
  if (private_key === MASK) return;
  const key = parsed(() => createPrivateKey(private_key));
  if (key === undefined)
    throw invalid('/client_certificate/private_key', 'must be a private key in PEM, not encrypted');
  if (!x509.checkPrivateKey(key)) throw invalid('/client_certificate/private_key', 'is not the key of the certificate');
};

const parsed = <T>(parse: () => T): T | undefined => {
  try {
    return parse();
  } catch {
    return undefined;
  }
};

export const shownCredentials = ({
  oauth2,
  client_certificate,
}: Credentials): Pick<Required<SettingsBody>, 'oauth2' | 'client_certificate'> => ({
  oauth2: oauth2
    ? {
        token_url: oauth2.token_url,
        client_id: oauth2.client_id,
        client_secret: MASK,
        ...(oauth2.scope === undefined ? {} : { scope: oauth2.scope }),
      }
    : null,
  client_certificate: client_certificate ? { certificate: client_certificate.certificate, private_key: MASK } : null,
});
