import Type from 'typebox';
import { contract, text, time } from '../../shared/contract.ts';
import { SIGNING_KEYS } from './signing-key.ts';

const kid = text('The key: its RFC 7638 thumbprint, the `kid` in everything that it signs.');
const of = { service: 'licensing', subject: SIGNING_KEYS };
const example = { kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k' };

export const signingKeyContracts = [
  contract({
    ...of,
    type: 'signing_key.rotated',
    description: 'The next key for leases and license files was published. It signs from `signs_from` on.',
    fields: {
      kid,
      previous_kid: text(
        'The key that it replaces. That key stays published until everything that it signed has expired.',
      ),
      public_key: text('Base64url of the 32 bytes of the Ed25519 public key (`x` of its JWK).'),
      signs_from: time('When it begins to sign.'),
    },
    example: {
      ...example,
      previous_kid: 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg',
      public_key: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
      signs_from: '2026-01-31T09:10:00.000Z',
    },
  }),
  contract({
    ...of,
    type: 'signing_key.retired',
    description: 'Nothing that the key signed is valid any more, and the key is no longer published.',
    fields: {
      kid,
      compromised: Type.Boolean({
        description: 'The private key leaked: trust nothing that it signed, and remove the key wherever it is pinned.',
      }),
    },
    example: { ...example, compromised: false },
  }),
];
