import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Nullable, StrictObject, Timestamp } from '#platform/http/schemas';

const SigningKey = StrictObject(
  {
    kid: Type.String({ description: 'RFC 7638 thumbprint; `kid` of what it signs.' }),
    status: Type.Enum(['published', 'signing', 'verifying', 'retired'], {
      description:
        '`published`: the next one, which apps can know of before it signs; `signing`; `verifying`: it signs no more, and what it signed may still be good; `retired`: not published any more.',
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
      description: 'All that there have been.',
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
  summary: 'Publish the next signing key; it signs ten minutes later, and the one before goes on verifying',
  body: StrictObject({
    compromised: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'The keys until now got out: the next one signs at once, and nothing that they signed counts any more. Apps that pin keys need the new one.',
      }),
    ),
  }),
  answers: { 201: { description: 'The next key.', schema: SigningKey } },
  problems: [{ status: 409, code: 'ROTATION_IN_PROGRESS' }],
});
