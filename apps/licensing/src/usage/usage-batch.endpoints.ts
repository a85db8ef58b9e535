import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, StrictObject } from '#platform/http/schemas';
import { LICENSE_KEY } from '../identification/license-key.scheme.ts';
import { Feature } from '../entitlements/entitlement.schemas.ts';
import { LICENSE_NOT_FOUND, noted, Quantity, TOO_MANY_FAILURES, whose } from './usage.schemas.ts';

/** Records of a call at most. */
const MOST = 1_000;

const Sent = StrictObject(
  {
    license_id: Type.Optional(Id('lic')),
    idempotency_key: Type.Optional(
      Type.String({
        pattern: '^[\\x21-\\x7e]{1,255}$',
        description:
          'Under this the license has it counted once, however often and whenever it is sent. Where it is left out and the call has an Idempotency-Key, one is made of that and the place of the record.',
      }),
    ),
    feature: Feature,
    quantity: Quantity,
    ...noted,
  },
  { $id: 'SentUsage' },
);

const Result = StrictObject(
  {
    accepted: Type.Boolean({ description: 'It is counted, now or before.' }),
    overage: Type.Optional(Type.Boolean({ description: 'It was taken above the limit.' })),
    code: Type.Optional(Type.String({ description: 'Why it was refused, as the single call says it.' })),
    detail: Type.Optional(Type.String()),
  },
  { $id: 'UsageResult' },
);

export const recordUsageBatch = endpoint({
  method: 'POST',
  path: '/license/usage/batch',
  operation: 'recordUsageBatch',
  tag: 'License',
  summary: 'Count up to 1,000 things that were used, each with an answer of its own',
  auth: LICENSE_KEY,
  body: StrictObject({ ...whose, records: Type.Array(Sent, { minItems: 1, maxItems: MOST }) }),
  answers: {
    200: {
      description: 'What became of each record, in their order.',
      schema: StrictObject({ results: Type.Array(Result) }, { $id: 'UsageResults' }),
    },
  },
  problems: [LICENSE_NOT_FOUND, TOO_MANY_FAILURES],
});
