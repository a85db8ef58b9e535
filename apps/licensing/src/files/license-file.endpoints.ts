import Type from 'typebox';
import { FILE_SECONDS } from '#domain/licensing/license/license.file';
import { endpoint } from '#platform/http/endpoint';
import { Id, Identifier, StrictObject, Timestamp } from '#platform/http/schemas';
import { LICENSE_KEY } from '../identification/license-key.scheme.ts';
import { LicenseKey } from '../verification/verification.endpoints.ts';

export const issueLicenseFile = endpoint({
  method: 'POST',
  path: '/license/file',
  operation: 'issueLicenseFile',
  tag: 'License',
  summary: 'Issue a license file for an activated machine that never comes online',
  auth: LICENSE_KEY,
  body: StrictObject({
    license_key: LicenseKey,
    identifier: Identifier,
    ttl: Type.Optional(
      Type.Integer({
        minimum: FILE_SECONDS.least,
        maximum: FILE_SECONDS.most,
        default: FILE_SECONDS.usual,
        description:
          'How long the file is valid, in seconds: at most until the end of the license and its grace, or five years if the license has no end.',
      }),
    ),
  }),
  answers: {
    200: {
      description: 'The file: signed, encrypted under the license key and the identifier.',
      schema: StrictObject(
        {
          license_id: Id('lic'),
          license_file: Type.String({
            description:
              'The text of the file, from `-----BEGIN LICENSE FILE-----` on; docs/license-files.md says how to read it.',
          }),
          kid: Type.String({ description: 'The signing key, as in `/.well-known/jwks.json`.' }),
          issued_at: Timestamp,
          expires_at: Timestamp,
        },
        { $id: 'LicenseFile' },
      ),
    },
  },
  problems: [
    { status: 404, code: 'LICENSE_NOT_FOUND' },
    { status: 404, code: 'ACTIVATION_NOT_FOUND' },
    ...['SUSPENDED', 'REVOKED', 'EXPIRED', 'CANCELED', 'NOT_YET_VALID'].map((why) => ({
      status: 409,
      code: `LICENSE_${why}`,
    })),
    { status: 409, code: 'ACTIVATION_LIMIT_REACHED' },
    { status: 409, code: 'FINGERPRINT_MISMATCH' },
    { status: 403, code: 'FEATURE_NOT_AVAILABLE' },
    { status: 429, code: 'TOO_MANY_FAILURES' },
  ],
});
