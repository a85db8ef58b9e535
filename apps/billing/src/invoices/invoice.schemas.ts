import Type, { type Static } from 'typebox';
import { INVOICE_STATUSES } from '#domain/billing/invoice/invoice';
import { LINE_KINDS, TAX_CATEGORIES } from '#domain/billing/invoice/invoice.lines';
import { INVOICE_REASONS } from '#domain/billing/invoice/invoice.request';
import { Id, Nullable, StrictObject, Timestamp } from '#platform/http/schemas';

export const Amount = Type.Integer({ description: 'Minor units of the currency.' });
export const PositiveAmount = Type.Integer({
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Minor units.',
});

const Address = StrictObject({
  line1: Nullable(Type.String()),
  line2: Nullable(Type.String()),
  city: Nullable(Type.String()),
  postal_code: Nullable(Type.String()),
  state: Nullable(Type.String()),
  country: Nullable(Type.String()),
});
const TaxIds = Type.Array(StrictObject({ type: Type.String(), value: Type.String(), status: Type.String() }));

const Seller = StrictObject({
  legal_name: Type.String(),
  address: Address,
  tax_ids: TaxIds,
  email: Nullable(Type.String()),
  phone: Nullable(Type.String()),
  bank: Nullable(StrictObject({ iban: Type.String(), bic: Nullable(Type.String()), name: Nullable(Type.String()) })),
  footer: Nullable(Type.String()),
});

const Buyer = StrictObject({
  customer_id: Type.String(),
  email: Nullable(Type.String()),
  name: Nullable(Type.String()),
  company: Nullable(Type.String()),
  address: Address,
  tax_ids: TaxIds,
  locale: Type.String(),
});

const Line = StrictObject({
  line: Type.Integer(),
  kind: Type.Enum([...LINE_KINDS]),
  description: Type.String(),
  product_id: Nullable(Type.String()),
  plan_id: Nullable(Type.String()),
  price_id: Nullable(Type.String()),
  license_id: Nullable(Type.String()),
  quantity: Type.Number(),
  unit_amount: Nullable(Type.String({ description: 'Minor units for one unit, as a decimal.' })),
  amount: Amount,
  discount: Amount,
  period: Nullable(StrictObject({ start: Timestamp, end: Timestamp })),
  tax_behavior: Type.Enum(['inclusive', 'exclusive']),
  tax_rate: Type.String(),
  tax_category: Type.Enum([...TAX_CATEGORIES]),
  tax_name: Type.String(),
  net: Amount,
});

const totals = {
  lines: Type.Array(Line),
  subtotal: Amount,
  discounts: Type.Array(StrictObject({ coupon_id: Type.String(), name: Type.String(), amount: Amount })),
  taxes: Type.Array(
    StrictObject({
      rate: Type.String(),
      category: Type.Enum([...TAX_CATEGORIES]),
      name: Type.String(),
      taxable: Amount,
      amount: Amount,
    }),
  ),
  total: Amount,
};

export const CreditNote = StrictObject(
  {
    id: Id('cn'),
    invoice_id: Id('inv'),
    number: Type.String(),
    invoice_number: Type.String(),
    currency: Type.String(),
    ...totals,
    issued_at: Timestamp,
    reason: Nullable(Type.String()),
    refund: Type.Boolean(),
    due_reduced: Amount,
    to_balance: Amount,
    to_refund: Amount,
  },
  { $id: 'CreditNote' },
);
export type CreditNote = Static<typeof CreditNote>;

export const Invoice = StrictObject(
  {
    id: Id('inv'),
    number: Nullable(Type.String({ description: 'Null for a draft.' })),
    status: Type.Enum([...INVOICE_STATUSES]),
    overdue: Type.Boolean(),
    biller: Type.Enum(['keyledger', 'stripe']),
    reason: Type.Enum([...INVOICE_REASONS]),
    subscription_id: Nullable(Type.String()),
    subscriber: Nullable(Type.String()),
    product_id: Nullable(Type.String()),
    customer_id: Type.String(),
    seller: Nullable(Seller),
    buyer: Nullable(Buyer),
    currency: Type.String(),
    ...totals,
    balance_applied: Amount,
    amount_paid: Amount,
    amount_overpaid: Amount,
    amount_refunded: Amount,
    amount_due: Amount,
    period_start: Nullable(Timestamp),
    period_end: Nullable(Timestamp),
    issued_at: Nullable(Timestamp),
    due_at: Nullable(Timestamp),
    paid_at: Nullable(Timestamp),
    voided_at: Nullable(Timestamp),
    sent_at: Nullable(Timestamp),
    next_attempt_at: Nullable(Timestamp),
    po_number: Nullable(Type.String()),
    notes: Type.Array(Type.String()),
    provider: Type.String(),
    provider_id: Nullable(Type.String()),
    last_payment_error: Nullable(Type.String()),
    disputed: Type.Boolean(),
    credit_notes: Type.Array(StrictObject({ id: Id('cn'), number: Nullable(Type.String()), total: Amount })),
  },
  { $id: 'Invoice' },
);
export type Invoice = Static<typeof Invoice>;
