import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, StrictObject, Text } from '#platform/http/schemas';
import { IssuedLicense } from '../licenses/license.endpoints.ts';

export const rotateKey = endpoint({
  method: 'POST',
  path: '/admin/licenses/:id/rotate-key',
  operation: 'rotateLicenseKey',
  tag: 'Licenses',
  summary: 'Give a license a new key; the previous key is refused from now on',
  auth: 'licenses:write',
  params: StrictObject({ id: Id('lic') }),
  body: StrictObject({ reason: Type.Optional(Nullable(Text(500))) }),
  answers: { 200: { description: 'The license, with its new key, which is not shown again.', schema: IssuedLicense } },
  problems: [
    { status: 404, code: 'LICENSE_NOT_FOUND' },
    { status: 409, code: 'LICENSE_REVOKED' },
  ],
});
