import { Money } from '#domain/shared/money';
import type { Account, Balances } from './statement.entries.ts';

/** Columns of a statement as CSV, in order. */
export const STATEMENT_COLUMNS = [
  'currency',
  'date',
  'kind',
  'id',
  'number',
  'description',
  'amount',
  'credit',
  'balance',
] as const;

/** Columns with amounts in major units: a negative one is no formula. */
export const STATEMENT_AMOUNTS: readonly string[] = ['amount', 'credit', 'balance'];

/** Opening balance, entries and closing balance of each account. */
export async function* statementRows(accounts: readonly Account[], from: string, to: string): AsyncIterable<object> {
  for (const { currency, opening, entries, closing } of accounts) {
    const amount = (minor: number): string => Money.of(minor, currency).format();
    const boundary = (kind: string, date: string, { balance, credit_balance }: Balances): object => ({
      currency,
      date,
      kind,
      amount: null,
      credit: amount(credit_balance),
      balance: amount(balance),
    });
    yield boundary('opening_balance', from, opening);
    for (const entry of entries) {
      const { amount: added, credit, balance } = entry;
      yield { ...entry, amount: amount(added), credit: amount(credit), balance: amount(balance) };
    }
    yield boundary('closing_balance', to, closing);
  }
}
