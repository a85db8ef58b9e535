import { AUTHENTICATOR } from '#platform/auth/authenticator';
import type { Feature } from '#platform/feature';
import { ApiKeyDirectory } from './api-key-directory.ts';
import { BootstrapKey } from './bootstrap-key.ts';
import { GatewayAuthenticator } from './gateway-authenticator.ts';

export const authenticationFeature: Feature = {
  providers: [
    ApiKeyDirectory,
    BootstrapKey,
    GatewayAuthenticator,
    { provide: AUTHENTICATOR, useExisting: GatewayAuthenticator },
  ],
};
