import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, StrictObject, Timestamp } from '#platform/http/schemas';
import { Currency } from '../schemas.ts';
import { ENTRY_KINDS } from './statement.entries.ts';

const Amount = (description: string) => Type.Integer({ description: `Minor units. ${description}` });

const Balances = StrictObject({
  balance: Amount('What the customer owes, its credit taken off; negative = in its favor.'),
  credit_balance: Amount('Its credit.'),
});

const StatementEntry = StrictObject({
  date: Timestamp,
  kind: Type.Enum([...ENTRY_KINDS]),
  id: Type.String(),
  number: Nullable(Type.String({ description: 'Of the invoice or credit note.' })),
  description: Nullable(Type.String()),
  amount: Amount('Added to what the customer owes; negative if it owes less.'),
  credit: Amount('Added to its credit. Credit that follows from a payment or document has the amount 0.'),
  balance: Amount('What the customer owes after the entry.'),
});

export const Statement = StrictObject(
  {
    customer_id: Id('cus'),
    from: Timestamp,
    to: Timestamp,
    accounts: Type.Array(
      StrictObject({
        currency: Currency,
        opening: Balances,
        entries: Type.Array(StatementEntry),
        closing: Balances,
      }),
      { description: 'One for each currency.' },
    ),
  },
  { $id: 'Statement' },
);

export const readStatement = endpoint({
  method: 'GET',
  path: '/admin/statements',
  operation: 'readStatement',
  tag: 'Customers',
  summary: 'What a customer was charged, paid and got back, with opening and closing balance, by currency',
  auth: 'billing:write',
  query: StrictObject({
    customer_id: Type.Unsafe<string>({
      ...Id('cus'),
      description: 'Customers that were merged into it are included; a merged one is answered with the other one.',
    }),
    from: Type.Unsafe<string>({ ...Timestamp, description: 'At this time or later.' }),
    to: Type.Unsafe<string>({ ...Timestamp, description: 'Before this time.' }),
    currency: Type.Optional(Currency),
    format: Type.Optional(
      Type.Enum(['json', 'csv'], { description: 'Amounts of a CSV are major units of the currency.' }),
    ),
  }),
  answers: { 200: { description: 'The statement.', schema: Statement, files: ['text/csv'] } },
  problems: [{ status: 404, code: 'CUSTOMER_NOT_FOUND' }],
});
