import Type from 'typebox';
import { normalizeLicenseKey } from '#client/key-text';
import { LICENSE_STATUSES } from '#domain/licensing/license/license';
import { VERIFICATION_CODES } from '#domain/licensing/license/verify';
import { endpoint } from '#platform/http/endpoint';
import { Id, Identifier, Nullable, Page, PageQuery, StrictObject, Text, Timestamp } from '#platform/http/schemas';
import { LICENSE_KEY } from '../identification/license-key.scheme.ts';

/** Handlers get the key in normalized form. The length limits apply to that form. */
export const LicenseKey = Type.String({
  normalize: normalizeLicenseKey,
  minLength: 1,
  maxLength: 2048,
  pattern: '^[^\\u0000-\\u001f\\u007f]+$',
  description:
    'White space and invisible characters are ignored. For random keys, case and dashes are ignored too; O is read as 0, I and L as 1.',
});

/** The person or public key that a license is bound to, if its plan requires one. A public key may have line breaks. */
export const Identity = Type.String({
  normalize: (text: string) => text.trim(),
  minLength: 1,
  maxLength: 1000,
  pattern: '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f]+$',
  description: 'E-mail address or public key of the user; required if the plan has a bound_identity.',
});

export const verifyLicense = endpoint({
  method: 'POST',
  path: '/license/verify',
  operation: 'verifyLicense',
  tag: 'License',
  summary: 'Check whether a license may be used; always 200, with `valid` and the reason',
  auth: LICENSE_KEY,
  body: StrictObject({
    license_key: LicenseKey,
    identifier: Type.Optional(Identifier),
    identity: Type.Optional(Identity),
    product: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'Id or slug of the product that asks.' }),
    ),
    entitlements: Type.Optional(Type.Array(Text(100, { min: 1 }), { maxItems: 100 })),
    version: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, pattern: '^v?[0-9]+(\\.[0-9]+){0,2}([-+][0-9A-Za-z.+-]+)?$' }),
    ),
    release_date: Type.Optional(
      Type.Unsafe<string>({
        ...Timestamp,
        description: 'When this version of the app was released; VERSION_TOO_OLD when the license does not include it.',
      }),
    ),
  }),
  answers: {
    200: {
      description: 'The verdict.',
      schema: StrictObject(
        {
          valid: Type.Boolean(),
          code: Type.Enum([...VERIFICATION_CODES]),
          message: Nullable(Type.String({ description: 'Message for the user, if the product defines one.' })),
          license: Nullable(
            StrictObject({
              id: Id('lic'),
              status: Type.Enum([...LICENSE_STATUSES]),
              product_id: Id('prod'),
              plan: Type.String({ description: 'Slug of the plan.' }),
              plan_id: Id('plan'),
              valid_from: Timestamp,
              valid_until: Nullable(Timestamp),
              updates_until: Nullable(Timestamp),
              max_activations: Nullable(Type.Integer()),
              activations: Type.Integer(),
            }),
          ),
          entitlements: Type.Record(Type.String(), Type.Unknown()),
          token: Nullable(Type.String({ description: 'Offline token (`lease+jwt`).' })),
        },
        { $id: 'Verification' },
      ),
    },
  },
  problems: [{ status: 429, code: 'TOO_MANY_FAILURES' }],
});

export const listValidations = endpoint({
  method: 'GET',
  path: '/admin/licenses/:id/validations',
  operation: 'listValidations',
  tag: 'Licenses',
  summary: 'The log of verifications of a license, newest first',
  auth: 'licenses:write',
  params: StrictObject({ id: Id('lic') }),
  query: PageQuery({}),
  answers: {
    200: {
      description: 'A page of the log.',
      schema: Page(
        StrictObject(
          {
            at: Timestamp,
            code: Type.String(),
            result: Type.String(),
            product_id: Nullable(Type.String()),
            fingerprint_hash: Nullable(Type.String()),
            ip: Nullable(Type.String()),
            user_agent: Nullable(Type.String()),
          },
          { $id: 'Validation' },
        ),
      ),
    },
  },
  problems: [{ status: 404, code: 'LICENSE_NOT_FOUND' }],
});
