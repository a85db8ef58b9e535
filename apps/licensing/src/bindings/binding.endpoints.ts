import Type from 'typebox';
import { BINDINGS } from '#domain/licensing/license/license.binding';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, StrictObject, Text, Timestamp } from '#platform/http/schemas';

const NOT_FOUND = { status: 404, code: 'LICENSE_NOT_FOUND' };

export const readBindings = endpoint({
  method: 'GET',
  path: '/admin/licenses/:id/bindings',
  operation: 'readBindings',
  tag: 'Licenses',
  summary: 'The device and identity that the first use bound a license to',
  auth: 'licenses:write',
  params: StrictObject({ id: Id('lic') }),
  answers: {
    200: {
      description: 'null = not bound.',
      schema: StrictObject({
        fingerprint: Nullable(StrictObject({ identifier_hash: Type.String(), bound_at: Timestamp })),
        identity: Nullable(StrictObject({ bound_at: Timestamp })),
      }),
    },
  },
  problems: [NOT_FOUND],
});

export const removeBinding = endpoint({
  method: 'DELETE',
  path: '/admin/licenses/:id/bindings/:binding',
  operation: 'removeBinding',
  tag: 'Licenses',
  summary: 'Remove a binding: the next use binds the license again',
  auth: 'licenses:write',
  params: StrictObject({ id: Id('lic'), binding: Type.Enum([...BINDINGS]) }),
  query: StrictObject({ reason: Type.Optional(Text(500)) }),
  answers: { 204: { description: 'The license is not bound any more, or was not bound before.', schema: null } },
  problems: [NOT_FOUND, { status: 409, code: 'LICENSE_REVOKED' }],
});
