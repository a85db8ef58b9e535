import { AUTHENTICATOR } from '#platform/auth/authenticator';
import type { Feature } from '#platform/feature';
import { AuthenticationSettings } from './authentication.settings.ts';
import { ApiKeyDirectory } from './api-key-directory.ts';
import { BootstrapKey } from './bootstrap-key.ts';
import { GatewayAuthenticator } from './gateway-authenticator.ts';

export const authenticationFeature: Feature = {
  settings: [AuthenticationSettings],
  providers: [
    ApiKeyDirectory,
    BootstrapKey,
    GatewayAuthenticator,
    { provide: AUTHENTICATOR, useExisting: GatewayAuthenticator },
  ],
};
