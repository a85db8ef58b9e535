/** A request as it was sent. */
export interface Sent {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly body: string;
}

/** Something that is right at Stripe, and that stripe-mock refuses. */
export interface Exception {
  readonly reason: string;
  readonly method: string;
  readonly path: RegExp;
  /** Only this parameter, also inside of another one, is left out of the check; without it, the whole request is. */
  readonly param?: RegExp;
  /** A request that stripe-mock must still refuse: when it accepts it, the exception can go. */
  readonly example: Sent;
}

const example = (method: string, target: string, body = ''): Sent => ({ method, target, body });

/**
 * The client sends API 2026-10-28.endive; the newest stripe-mock knows 2026-08-26.dahlia. What endive added or changed is not
 * checked there: for it, the types of the client are the contract.
 */
export const EXCEPTIONS: readonly Exception[] = [
  {
    reason: 'pausing a subscription is new in endive',
    method: 'POST',
    path: /^\/v1\/subscriptions\/[^/]+\/pause$/,
    example: example('POST', '/v1/subscriptions/sub_1/pause', 'type=subscription'),
  },
  {
    reason: 'the anchor of a resumption is an object in endive, a text in dahlia',
    method: 'POST',
    path: /^\/v1\/subscriptions\/[^/]+\/resume$/,
    param: /^billing_cycle_anchor\[type\]$/,
    example: example('POST', '/v1/subscriptions/sub_1/resume', 'billing_cycle_anchor[type]=now'),
  },
  {
    reason: 'the anchor of an update is an object in endive, a text in dahlia',
    method: 'POST',
    path: /^\/v1\/subscriptions\/[^/]+$/,
    param: /^billing_cycle_anchor\[type\]$/,
    example: example('POST', '/v1/subscriptions/sub_1', 'billing_cycle_anchor[type]=now'),
  },
  {
    reason: 'resuming when a payment succeeds is new in endive',
    method: 'POST',
    path: /^\/v1\/subscriptions\/[^/]+\/resume$/,
    param: /^payment_behavior$/,
    example: example('POST', '/v1/subscriptions/sub_1/resume', 'payment_behavior=resume_on_payment_success'),
  },
  {
    reason: 'the anchor of a previewed resumption is an object in endive, a text in dahlia',
    method: 'POST',
    path: /^\/v1\/invoices\/create_preview$/,
    param: /^subscription_details\[billing_cycle_anchor\]\[type\]$/,
    example: example(
      'POST',
      '/v1/invoices/create_preview',
      'subscription=sub_1&subscription_details[billing_cycle_anchor][type]=now',
    ),
  },
  {
    reason: 'a list of allowed payment methods replaces payment_method_types in endive',
    method: 'POST',
    path: /^\/v1\/checkout\/sessions$/,
    param: /^allowed_payment_method_types\[\d+\]$/,
    example: example('POST', '/v1/checkout/sessions', 'mode=setup&currency=eur&allowed_payment_method_types[0]=card'),
  },
  {
    reason: 'endive is not in the list of versions for endpoints',
    method: 'POST',
    path: /^\/v1\/webhook_endpoints$/,
    param: /^api_version$/,
    example: example(
      'POST',
      '/v1/webhook_endpoints',
      'url=https://example.com&enabled_events[0]=*&api_version=2026-10-28.endive',
    ),
  },
  {
    reason: 'trial offers are new in endive',
    method: 'POST',
    path: /^\/v1\/product_catalog\/trial_offers/,
    example: example('POST', '/v1/product_catalog/trial_offers', 'price=price_1'),
  },
  {
    reason: 'stripe-mock has no routes of v2',
    method: '',
    path: /^\/v2\//,
    example: example('GET', '/v2/core/event_destinations'),
  },
];
