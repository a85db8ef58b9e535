import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, StrictObject } from '#platform/http/schemas';
import { LICENSE_KEY } from '../identification/license-key.scheme.ts';
import { Feature } from '../entitlements/entitlement.schemas.ts';
import { LICENSE_NOT_FOUND, noted, Quantity, TOO_MANY_FAILURES, whose } from './usage.schemas.ts';

/** Maximum number of records in a call. */
const MOST = 1_000;

const Sent = StrictObject(
  {
    license_id: Type.Optional(Id('lic')),
    idempotency_key: Type.Optional(
      Type.String({
        pattern: '^[\\x21-\\x7e]{1,255}$',
        description:
          'The license counts a record with this key once, no matter how often or when it is sent. If it is left out and the call has an Idempotency-Key, a key is derived from that and the position of the record.',
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
    accepted: Type.Boolean({ description: 'The record is counted, now or by an earlier call.' }),
    overage: Type.Optional(Type.Boolean({ description: 'It was counted above the limit.' })),
    code: Type.Optional(Type.String({ description: 'Why it was refused: the same code as in a single call.' })),
    detail: Type.Optional(Type.String()),
  },
  { $id: 'UsageResult' },
);

export const recordUsageBatch = endpoint({
  method: 'POST',
  path: '/license/usage/batch',
  operation: 'recordUsageBatch',
  tag: 'License',
  summary: 'Count up to 1,000 usage records, each with its own result',
  auth: LICENSE_KEY,
  body: StrictObject({ ...whose, records: Type.Array(Sent, { minItems: 1, maxItems: MOST }) }),
  answers: {
    200: {
      description: 'The result of each record, in the same order.',
      schema: StrictObject({ results: Type.Array(Result) }, { $id: 'UsageResults' }),
    },
  },
  problems: [LICENSE_NOT_FOUND, TOO_MANY_FAILURES],
});
