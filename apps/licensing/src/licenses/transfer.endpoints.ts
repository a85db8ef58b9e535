import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Email, Id, Nullable, SearchText, StrictObject, Text } from '#platform/http/schemas';
import { License } from './license.endpoints.ts';

export const transferLicense = endpoint({
  method: 'POST',
  path: '/admin/licenses/:id/transfer',
  operation: 'transferLicense',
  tag: 'Licenses',
  summary: 'Give a license to another person or organization',
  auth: 'licenses:write',
  params: StrictObject({ id: Id('lic') }),
  body: StrictObject(
    {
      email: Email,
      name: Type.Optional(Nullable(SearchText(200))),
      org_name: Type.Optional(Nullable(SearchText(200))),
      external_customer_id: Type.Optional(Nullable(Text(255))),
      external_workspace_id: Type.Optional(Nullable(Text(255))),
      release_activations: Type.Optional(
        Type.Boolean({ description: 'true removes all activations. By default, the devices stay active.' }),
      ),
      reason: Type.Optional(Nullable(Text(500))),
    },
    {
      description:
        'Fields that are left out keep their values if the e-mail stays the same, and become null if it changes. The key stays the same: rotate it if the previous holder must not use it any more.',
    },
  ),
  answers: { 200: { description: 'The license as it is now.', schema: License } },
  problems: [
    { status: 404, code: 'LICENSE_NOT_FOUND' },
    { status: 409, code: 'LICENSE_REVOKED' },
    { status: 409, code: 'TRIAL_USED' },
  ],
});
