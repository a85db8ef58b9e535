import { signingKeyStream } from '#domain/licensing/signing-key/signing-key';
import type { Feature } from '#platform/feature';
import { RetireSigningKeys } from './retire-signing-keys.ts';
import { SigningKeyController } from './signing-key.controller.ts';
import { SigningKeySecrets } from './signing-key.secrets.ts';
import { signingKeysTable } from './signing-key.table.ts';
import { SigningKeys } from './signing-keys.ts';
import { WellKnownController } from './well-known.controller.ts';

export const signingKeysFeature: Feature = {
  tables: [signingKeysTable],
  streams: [signingKeyStream],
  controllers: [WellKnownController, SigningKeyController],
  providers: [SigningKeySecrets, SigningKeys],
  work: [RetireSigningKeys],
  sealed: [
    { table: 'signing_keys', key: 'kid', column: 'private_sealed', purpose: 'signing-key', context: (kid) => kid },
  ],
};
