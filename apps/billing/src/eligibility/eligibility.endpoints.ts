import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, StrictObject, Text } from '#platform/http/schemas';

export const readEligibility = endpoint({
  method: 'GET',
  path: '/subscriptions/eligibility',
  operation: 'readEligibility',
  tag: 'Subscriptions',
  summary: 'Whether a subscriber has access to a product, and to a feature of the plan',
  auth: 'billing:write',
  query: StrictObject({
    subscriber: Type.Unsafe<string>({
      ...Text(255, { min: 1 }),
      description: 'The merchant’s own id of the subscriber.',
      examples: ['acme/ada'],
    }),
    product_id: Id('prod'),
    feature: Type.Optional(
      Type.Unsafe<string>({ ...Text(100, { min: 1 }), description: 'Without it, access to the product is enough.' }),
    ),
  }),
  answers: {
    200: {
      description: 'The subscriber has access.',
      schema: StrictObject(
        {
          eligible: Type.Literal(true),
          subscription_id: Id('sub'),
          value: Nullable(
            Type.Union([Type.Boolean(), Type.Number(), Type.String()], {
              description: 'What the plan says of the feature; null = unlimited, or no feature was named.',
            }),
          ),
        },
        { $id: 'Eligibility' },
      ),
    },
  },
  problems: ['COMPLETE_PAYMENT', 'NOT_SUBSCRIBED', 'FEATURE_NOT_INCLUDED'].map((code) => ({ status: 403, code })),
});
