import { invalid, missing } from '../errors.ts';
import { pageOf } from '../lists.ts';
import type { BalanceTransaction, Customer } from '../objects.ts';
import type { Routes } from '../route.ts';
import { nulls, type World } from '../world.ts';

/** Changes what a customer has: below zero is a credit. */
export const adjustBalance = (
  world: World,
  customer: Customer,
  amount: number,
  type: string,
  more: {
    readonly invoice?: string;
    readonly credit_note?: string;
    readonly description?: string;
    readonly currency?: string;
  } = {},
): BalanceTransaction => {
  const ending = customer.balance + amount;
  world.change(customer, 'customer.updated', () => {
    customer.balance = ending;
    customer.currency ??= more.currency ?? world.settings.currency;
  });
  const transaction = {
    ...nulls('checkout_session customer_account'),
    ...world.made('customer_balance_transaction', 'cbtxn'),
    amount,
    credit_note: more.credit_note ?? null,
    currency: more.currency ?? customer.currency ?? world.settings.currency,
    customer: customer.id,
    description: more.description ?? null,
    ending_balance: ending,
    invoice: more.invoice ?? null,
    metadata: {},
    type,
  };
  world.balanceTransactions.add(transaction);
  world.emit('customer_balance_transaction.created', transaction);
  return transaction;
};

export const balances: Routes = {
  'POST /v1/customers/:id/balance_transactions': ({ world, params, path }) => {
    const customer = world.customers.get(path('id'));
    if (customer === undefined) throw missing('customer', path('id'));
    const currency = params.needText('currency').toLowerCase();
    if (customer.currency !== null && customer.currency !== currency)
      throw invalid('The currency must match the currency of the customer.', { param: 'currency' });
    const description = params.text('description');
    params.ignore('metadata');
    return adjustBalance(world, customer, params.needInteger('amount'), 'adjustment', { currency, description });
  },
  'GET /v1/customers/:id/balance_transactions': ({ world, params, path }) => {
    const id = path('id');
    const newest = [...world.balanceTransactions.of(id)].reverse();
    return pageOf(`/v1/customers/${id}/balance_transactions`, newest, params);
  },
};
