import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Nullable, StrictObject, Timestamp } from '#platform/http/schemas';

const SigningKey = StrictObject(
  {
    kid: Type.String({ description: 'RFC 7638 thumbprint; `kid` of what it signs.' }),
    status: Type.Enum(['published', 'signing', 'verifying', 'retired'], {
      description:
        '`published`: the next key, which apps can fetch before it signs; `signing`; `verifying`: it no longer signs, but its signatures may still be valid; `retired`: no longer published.',
    }),
    public_key: Type.String({ description: 'Base64url of the 32 bytes of the Ed25519 key (`x` of its JWK).' }),
    created_at: Timestamp,
    signs_from: Timestamp,
    superseded_at: Nullable(Timestamp),
    retired_at: Nullable(Timestamp),
  },
  { $id: 'SigningKey' },
);

const of = { tag: 'Keys', auth: 'admin' } as const;

export const listSigningKeys = endpoint({
  ...of,
  method: 'GET',
  path: '/admin/signing-keys',
  operation: 'listSigningKeys',
  summary: 'The keys that leases, license files and signed license keys are signed with, newest first',
  answers: {
    200: {
      description: 'All keys, including retired ones.',
      schema: StrictObject({ data: Type.Array(SigningKey), next_cursor: Type.Null() }),
    },
  },
  problems: [],
});

export const rotateSigningKey = endpoint({
  ...of,
  method: 'POST',
  path: '/admin/signing-keys/rotate',
  operation: 'rotateSigningKey',
  summary: 'Publish the next signing key; it signs ten minutes later, and the previous key still verifies',
  body: StrictObject({
    compromised: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'All earlier keys are compromised: the next key signs immediately, and earlier signatures are no longer valid. Apps that pin keys need the new key.',
      }),
    ),
  }),
  answers: { 201: { description: 'The next key.', schema: SigningKey } },
  problems: [{ status: 409, code: 'ROTATION_IN_PROGRESS' }],
});
