import { endpoint } from '#platform/http/endpoint';

/** Largest event, in bytes. */
export const LARGEST_EVENT = 5 * 2 ** 20;

export const receiveStripeEvent = endpoint({
  method: 'POST',
  path: '/hooks/stripe',
  operation: 'receiveStripeEvent',
  tag: 'Provider events',
  summary: 'Take an event of Stripe: the address for its webhooks',
  auth: 'public',
  headers: { 'Stripe-Signature': 'The signature of the body, as Stripe makes it.' },
  raw_limit: LARGEST_EVENT,
  answers: { 204: { description: 'The event is kept, and will be applied.', schema: null } },
  problems: [
    { status: 400, code: 'INVALID_SIGNATURE' },
    { status: 422, code: 'PROVIDER_EVENT_UNREADABLE' },
    { status: 503, code: 'PAYMENT_PROVIDER_NOT_CONFIGURED' },
  ],
});
