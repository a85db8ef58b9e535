import { refuser, type Refusals } from '../../shared/refusal.ts';

export type PriceRefusal =
  | 'PRICE_EXISTS'
  | 'PRICE_NOT_FOUND'
  | 'PRICE_INACTIVE'
  | 'PRICE_REQUIRED'
  | 'PRICE_IMMUTABLE'
  | 'INVALID_PRICE'
  | 'UNKNOWN_CURRENCY'
  | 'LOOKUP_KEY_TAKEN'
  | 'PLAN_NOT_FOUND';

export const priceRefusals: Refusals<PriceRefusal> = {
  PRICE_EXISTS: { status: 409, message: 'A price with this id exists.' },
  PRICE_NOT_FOUND: { status: 404, message: 'There is no such price.' },
  PRICE_INACTIVE: { status: 409, message: 'This price is not sold any more.' },
  PRICE_REQUIRED: { status: 400, message: 'The plan has no active price, or more than one: send a price_id.' },
  PRICE_IMMUTABLE: {
    status: 409,
    message: 'Only active, nickname, lookup_key and metadata of a price can change. Create another price instead.',
  },
  INVALID_PRICE: { status: 400, message: 'The price contradicts itself.' },
  UNKNOWN_CURRENCY: { status: 400, message: 'The currency is neither an ISO 4217 code in lower case nor `sats`.' },
  LOOKUP_KEY_TAKEN: { status: 409, message: 'Another price has this lookup key.' },
  PLAN_NOT_FOUND: { status: 404, message: 'There is no such plan.' },
};

export const refusePrice: (code: PriceRefusal, extensions?: Readonly<Record<string, unknown>>) => never =
  refuser(priceRefusals);
