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
        Type.Boolean({ description: 'Gives up all activations; left out, devices go on working.' }),
      ),
      reason: Type.Optional(Nullable(Text(500))),
    },
    {
      description:
        'What is left out stays as it is while the e-mail stays, and is null when it changes. The key stays too: rotate it, where the one who had it shall not know it any more.',
    },
  ),
  answers: { 200: { description: 'The license as it is now.', schema: License } },
  problems: [
    { status: 404, code: 'LICENSE_NOT_FOUND' },
    { status: 409, code: 'LICENSE_REVOKED' },
    { status: 409, code: 'TRIAL_USED' },
  ],
});
