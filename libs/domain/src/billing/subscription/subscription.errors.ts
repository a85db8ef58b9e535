import { type Refusals, refuser } from '../../shared/refusal.ts';

export type SubscriptionRefusal =
  | 'SUBSCRIPTION_NOT_FOUND'
  | 'SUBSCRIPTION_EXISTS'
  | 'INVALID_TRANSITION'
  | 'BILLED_BY_KEYLEDGER'
  | 'BILLED_BY_PROVIDER'
  | 'PRICE_NOT_RECURRING'
  | 'PLAN_OF_ANOTHER_PRODUCT'
  | 'PLAN_INACTIVE'
  | 'CURRENCY_MISMATCH'
  | 'IN_USE'
  | 'INVOICE_UNPAID'
  | 'INVALID_QUANTITY'
  | 'INVALID_RESUME_TIME'
  | 'PREVIEW_EXPIRED'
  | 'PREVIEW_STALE'
  | 'PAYMENT_PROVIDER_NOT_CONFIGURED'
  | 'NOTHING_TO_REFUND'
  | 'COMPLETE_PAYMENT'
  | 'NOT_SUBSCRIBED'
  | 'FEATURE_NOT_INCLUDED'
  | 'INVALID_USER'
  | 'INVALID_DURATION';

export const subscriptionRefusals: Refusals<SubscriptionRefusal> = {
  SUBSCRIPTION_NOT_FOUND: { status: 404, message: 'There is no such subscription.' },
  SUBSCRIPTION_EXISTS: { status: 409, message: 'The subscriber has a subscription to this product.' },
  INVALID_TRANSITION: { status: 409, message: 'The status of the subscription does not allow this.' },
  BILLED_BY_KEYLEDGER: {
    status: 409,
    message: 'Keyledger bills the subscription: no provider says what state it has.',
  },
  BILLED_BY_PROVIDER: { status: 409, message: 'The provider bills the subscription: it must be changed there.' },
  PRICE_NOT_RECURRING: { status: 400, message: 'The price is paid once: it cannot be subscribed to.' },
  PLAN_OF_ANOTHER_PRODUCT: { status: 409, message: 'The plan belongs to another product.' },
  PLAN_INACTIVE: { status: 409, message: 'The plan is not sold any more.' },
  CURRENCY_MISMATCH: { status: 409, message: 'The currency is not the one of the subscription.' },
  IN_USE: { status: 409, message: 'More is in use than the new plan and quantity allow.' },
  INVOICE_UNPAID: {
    status: 409,
    message: 'The invoice of the present period is not paid yet, so nothing of it can be credited.',
  },
  INVALID_QUANTITY: { status: 400, message: 'A metered price has no quantity: it charges what was used.' },
  INVALID_RESUME_TIME: { status: 400, message: 'resumes_at must be later than now.' },
  PREVIEW_EXPIRED: { status: 409, message: 'The preview is older than 15 minutes: ask for a new one.' },
  PREVIEW_STALE: { status: 409, message: 'The subscription or the request is not what was previewed.' },
  PAYMENT_PROVIDER_NOT_CONFIGURED: { status: 503, message: 'The payment provider is not configured.' },
  NOTHING_TO_REFUND: { status: 409, message: 'No invoice of the subscription has been paid.' },
  COMPLETE_PAYMENT: { status: 403, message: 'The first payment of the subscription is missing.' },
  NOT_SUBSCRIBED: { status: 403, message: 'There is no subscription that gives access.' },
  FEATURE_NOT_INCLUDED: { status: 403, message: 'The plan does not include this feature.' },
  INVALID_USER: { status: 400, message: 'The user must be an id of 1 to 255 characters.' },
  INVALID_DURATION: { status: 400, message: 'The duration must be an ISO 8601 duration above zero, such as P12M.' },
};

export const refuseSubscription = refuser(subscriptionRefusals);
