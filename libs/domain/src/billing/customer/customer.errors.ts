import { refuser, type Refusals } from '../../shared/refusal.ts';

export type CustomerRefusal =
  | 'CUSTOMER_EXISTS'
  | 'CUSTOMER_NOT_FOUND'
  | 'CUSTOMER_MERGED'
  | 'CUSTOMER_IN_USE'
  | 'INVALID_CUSTOMER'
  | 'INVALID_MERGE'
  | 'INVALID_TAX_ID'
  | 'BALANCE_TOO_LOW'
  | 'BALANCE_TOO_HIGH'
  | 'UNKNOWN_CURRENCY';

export const customerRefusals: Refusals<CustomerRefusal> = {
  CUSTOMER_EXISTS: { status: 409, message: 'Another customer has this e-mail address.' },
  CUSTOMER_NOT_FOUND: { status: 404, message: 'There is no such customer.' },
  CUSTOMER_MERGED: { status: 409, message: 'This customer was merged into another one. Use that one.' },
  CUSTOMER_IN_USE: {
    status: 409,
    message: 'The customer has live subscriptions, or invoices that are drafts or open.',
  },
  INVALID_CUSTOMER: { status: 400, message: 'A field of the customer is not valid.' },
  INVALID_MERGE: { status: 400, message: 'A customer cannot be merged into itself.' },
  INVALID_TAX_ID: { status: 400, message: 'The format or the checksum of a tax id is wrong.' },
  BALANCE_TOO_LOW: { status: 409, message: 'The balance of the customer is lower than that.' },
  BALANCE_TOO_HIGH: { status: 400, message: 'The balance would be too large to be exact.' },
  UNKNOWN_CURRENCY: { status: 400, message: 'The currency is neither an ISO 4217 code in lower case nor `sats`.' },
};

export const refuseCustomer: (code: CustomerRefusal, extensions?: Readonly<Record<string, unknown>>) => never =
  refuser(customerRefusals);
