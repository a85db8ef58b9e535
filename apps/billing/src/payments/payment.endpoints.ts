import Type, { type Static } from 'typebox';
import { PAYMENT_STATUSES } from '#domain/billing/payment/payment';
import { FILE_MEDIA, FileFormat } from '#platform/export/file-format';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, Page, PageQuery, StrictObject, Timestamp } from '#platform/http/schemas';

const Amount = Type.Integer({ description: 'Minor units of the currency.' });

export const Payment = StrictObject(
  {
    id: Id('pay'),
    invoice_id: Id('inv'),
    customer_id: Type.String(),
    subscription_id: Nullable(Type.String()),
    attempt: Type.Integer({ description: '0 is the first attempt to pay the invoice.' }),
    provider: Type.String(),
    provider_id: Nullable(Type.String()),
    amount: Amount,
    amount_refunded: Amount,
    currency: Type.String(),
    status: Type.Enum([...PAYMENT_STATUSES]),
    error: Nullable(Type.String()),
    method: Nullable(Type.String()),
    reference: Nullable(Type.String()),
    created_at: Timestamp,
    paid_at: Nullable(Timestamp),
  },
  { $id: 'Payment' },
);
export type Payment = Static<typeof Payment>;

export const listPayments = endpoint({
  method: 'GET',
  path: '/admin/payments',
  operation: 'listPayments',
  tag: 'Invoices',
  summary: 'List payments, newest first',
  auth: 'billing:write',
  query: PageQuery({
    invoice_id: Type.Optional(Id('inv')),
    customer_id: Type.Optional(
      Type.Unsafe<string>({ ...Id('cus'), description: 'Those of customers that were merged into it included.' }),
    ),
    status: Type.Optional(Type.Enum([...PAYMENT_STATUSES])),
    format: Type.Optional(FileFormat),
  }),
  answers: { 200: { description: 'A page of payments.', schema: Page(Payment), files: FILE_MEDIA } },
  problems: [],
});
