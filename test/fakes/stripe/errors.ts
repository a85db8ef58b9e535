export type ErrorType = 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';

export interface ErrorBody {
  readonly type: ErrorType;
  readonly message: string;
  readonly code?: string;
  readonly param?: string;
  readonly decline_code?: string;
  readonly payment_intent?: object;
  readonly charge?: string;
}

/** An answer of Stripe that is not 2xx. */
export class StripeRefusal extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(body.message);
  }
}

/** 400 `invalid_request_error`. */
export const invalid = (message: string, more: { code?: string; param?: string } = {}): StripeRefusal =>
  new StripeRefusal(400, { type: 'invalid_request_error', message, ...more });

/** 404 `resource_missing`; of a parameter it is 400 at Stripe too, except in the path. */
export const missing = (kind: string, id: string, param = 'id'): StripeRefusal =>
  new StripeRefusal(param === 'id' ? 404 : 400, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${kind}: '${id}'`,
    param,
  });

/** 402 `card_declined`. */
export const declined = (code: string, decline_code: string, message: string, payment_intent?: object): StripeRefusal =>
  new StripeRefusal(402, {
    type: 'card_error',
    code,
    ...(code === 'card_declined' && { decline_code }),
    message,
    ...(payment_intent && { payment_intent }),
  });
