import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, StrictObject, Timestamp } from '#platform/http/schemas';
import { Feature } from '../entitlements/entitlement.schemas.ts';

export const exportUsage = endpoint({
  method: 'GET',
  path: '/admin/usage',
  operation: 'exportUsage',
  tag: 'Licenses',
  summary: 'All usage records as a file, in the order in which they were counted',
  auth: 'licenses:write',
  query: StrictObject({
    format: Type.Enum(['csv', 'ndjson']),
    product_id: Type.Optional(Id('prod')),
    license_id: Type.Optional(Id('lic')),
    feature: Type.Optional(Feature),
    from: Type.Optional(Type.Unsafe<string>({ ...Timestamp, description: 'Used at this time or later.' })),
    to: Type.Optional(Type.Unsafe<string>({ ...Timestamp, description: 'Used before this time.' })),
  }),
  answers: {
    200: {
      description: 'One record per line.',
      schema: Type.String(),
      media: 'application/x-ndjson',
      files: ['text/csv'],
    },
  },
  problems: [],
});
