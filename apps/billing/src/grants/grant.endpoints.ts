import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Email, Id, Slug, StrictObject, Text, Timestamp } from '#platform/http/schemas';

const Grant = StrictObject(
  {
    subscription_id: Id('sub'),
    plan_slug: Slug,
    user_id: Type.String(),
    period_end: Type.Unsafe<string>({ ...Timestamp, description: 'When the grant ends, unless it is extended.' }),
    reason: Type.String(),
    granted_by: Type.String(),
    extended: Type.Boolean({ description: 'The user had this grant, and it lasts longer now.' }),
  },
  { $id: 'Grant' },
);

export const giveGrant = endpoint({
  method: 'POST',
  path: '/admin/grants',
  operation: 'giveGrant',
  tag: 'Grants',
  summary: 'Give a subscription without a payment, or more time to one that was given',
  auth: 'billing:write',
  body: StrictObject({
    user: Type.String({
      description:
        'The subscriber: the merchant’s own id of a user, 1–255 characters. An e-mail address is also the address of the customer.',
      examples: ['acme/ada', 'ada@example.com'],
    }),
    email: Type.Optional(
      Type.Unsafe<string>({
        ...Email,
        description:
          'Where the license key is sent to. Without an address the license has no customer, and no mail is sent.',
      }),
    ),
    plan: Type.Optional(Slug),
    plan_id: Type.Optional(Id('plan')),
    duration: Type.Optional(
      Type.String({
        maxLength: 100,
        default: 'P12M',
        description: 'ISO 8601, by the calendar in UTC; more than zero, at most 100 years.',
        examples: ['P12M', 'P30D'],
      }),
    ),
    reason: Text(500, { min: 1 }),
    granted_by: Type.Optional(
      Type.Unsafe<string>({ ...Text(255, { min: 1 }), description: 'Default: the id of the API key.' }),
    ),
  }),
  answers: {
    201: { description: 'A new subscription.', schema: Grant },
    200: {
      description: 'The subscription that the user had, extended from the later of now and its end.',
      schema: Grant,
    },
  },
  problems: [
    { status: 400, code: 'INVALID_USER' },
    { status: 400, code: 'INVALID_DURATION' },
    { status: 400, code: 'PLAN_AMBIGUOUS' },
    { status: 404, code: 'PLAN_NOT_FOUND' },
    { status: 409, code: 'SUBSCRIPTION_EXISTS' },
    { status: 409, code: 'INVALID_TRANSITION' },
  ],
});
