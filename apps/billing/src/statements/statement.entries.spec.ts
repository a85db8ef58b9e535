import { accountsOf, type Entry } from './statement.entries.ts';
import { statementRows } from './statement.rows.ts';

const entry = (date: string, amount: number, more: Partial<Entry> = {}): Entry => ({
  currency: 'eur',
  date: `2026-${date}T00:00:00.000Z`,
  kind: 'invoice',
  id: 'inv_1',
  number: 'INV-1',
  description: null,
  amount,
  credit: 0,
  ...more,
});
const FROM = '2026-02-01T00:00:00.000Z';
const TO = '2026-03-01T00:00:00.000Z';

describe('a statement', () => {
  it('opens with what came before, and takes from `from` until just before `to`', () => {
    const [account] = accountsOf([entry('03-01', 7), entry('02-01', 100), entry('01-31', 40)], FROM, TO);
    expect(account).toMatchObject({
      opening: { balance: 40, credit_balance: 0 },
      entries: [{ amount: 100, balance: 140 }],
      closing: { balance: 140, credit_balance: 0 },
    });
  });

  it('shows an invoice before its payment of the same moment', () => {
    const payment = entry('02-02', -100, { kind: 'payment' });
    const [account] = accountsOf([payment, entry('02-02', 100)], FROM, TO);
    expect(account?.entries.map(({ kind, balance }) => [kind, balance])).toEqual([
      ['invoice', 100],
      ['payment', 0],
    ]);
  });

  it('has an account for each currency, and adds credit up apart', () => {
    const credit = { kind: 'credit', credit: 20 } as const;
    const entries = [entry('02-03', 5, { currency: 'usd' }), entry('02-02', 0, credit), entry('01-02', -20, credit)];
    expect(accountsOf(entries, FROM, TO)).toMatchObject([
      { currency: 'eur', opening: { balance: -20, credit_balance: 20 }, closing: { balance: -20, credit_balance: 40 } },
      { currency: 'usd', opening: { balance: 0 }, closing: { balance: 5 } },
    ]);
  });

  it('is written in major units, between its balances', async () => {
    const rows: object[] = [];
    for await (const row of statementRows(accountsOf([entry('02-02', -1_050)], FROM, TO), FROM, TO)) rows.push(row);
    expect(rows).toMatchObject([
      { kind: 'opening_balance', date: FROM, balance: '0.00', credit: '0.00' },
      { kind: 'invoice', amount: '-10.50', balance: '-10.50' },
      { kind: 'closing_balance', date: TO, balance: '-10.50' },
    ]);
  });
});
