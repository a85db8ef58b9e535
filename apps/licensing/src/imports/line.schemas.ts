import Type, { type Static, type TSchema } from 'typebox';
import { Email, Identifier, Metadata, Nullable, StrictObject, Text } from '#platform/http/schemas';
import { issueLicense, License } from '../licenses/license.endpoints.ts';

/** Statuses that a license of another system can have; the other statuses follow from its term. */
const IMPORTED_STATUSES = ['active', 'suspended', 'revoked', 'canceled'] as const;

const LicenseKey = Type.String({ ...Text(1024, { min: 8 }), normalize: (text: string) => text.trim() });

/** A line of a file from another system: the data for issuing a license, its present status and its devices. */
export const ImportedLicense = StrictObject({
  ...issueLicense.body.properties,
  email: Email,
  external_id: Text(255, { min: 1 }),
  license_key: Type.Optional(LicenseKey),
  status: Type.Optional(Type.Enum([...IMPORTED_STATUSES])),
  activations: Type.Optional(Type.Array(Identifier, { maxItems: 1_000 })),
  metadata: Type.Optional(Metadata),
});
export type ImportedLicense = Static<typeof ImportedLicense>;

const { id, product_id, plan_id, email: _email, ...described } = License.properties;

/** A line that `export` wrote: it has an `id`. Columns may be removed from such a file, and license keys added to it. */
export const ExportedLicense = StrictObject({
  id,
  product_id,
  plan_id,
  email: Email,
  ...Type.Partial(StrictObject({ ...described, metadata: Metadata })).properties,
  license_key: Type.Optional(Nullable(LicenseKey)),
});
export type ExportedLicense = Static<typeof ExportedLicense>;

/** Whether a line, or the heading of a file, has the `id` that `export` writes. */
export const isExported = (fields: readonly string[]): boolean => fields.includes('id');

/** Whether a field may be null. */
export const takesNull = (schema: TSchema): boolean =>
  'type' in schema && Array.isArray(schema.type) && schema.type.includes('null');
