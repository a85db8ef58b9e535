import { Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import { refuseInvoice } from '#domain/billing/invoice/invoice.errors';
import { refusePrice } from '#domain/billing/price/price.errors';
import type { DraftLine, InvoiceOrder } from '#domain/billing/invoice/invoice.request';
import { oneTimeLine } from '#domain/billing/pricing/lines';
import { Money } from '#domain/shared/money';
import { type Principal, seesProduct } from '#platform/auth/principal';
import { Customers } from '../customers/customers.ts';
import { KnownPlans } from '../plans/known-plans.ts';
import { Prices } from '../prices/prices.ts';
import { SubscriptionSettings } from '../subscriptions/subscription.settings.ts';
import type { createInvoice } from './invoice.endpoints.ts';

type Wanted = Static<(typeof createInvoice)['body']>;
type WantedLine = Wanted['lines'][number];

/** Reads what an operator wants to invoice. */
@Injectable()
export class DraftOrders {
  constructor(
    private readonly customers: Customers,
    private readonly prices: Prices,
    private readonly plans: KnownPlans,
    private readonly settings: SubscriptionSettings,
  ) {}

  /** @throws Refusal CUSTOMER_NOT_FOUND, PRICE_NOT_FOUND, PRICE_INACTIVE, PRICE_NOT_ONE_TIME, CURRENCY_MISMATCH, AMOUNT_TOO_LARGE */
  async of(wanted: Wanted, principal: Principal): Promise<InvoiceOrder> {
    const { customer_id, currency, due_days, po_number, provider = 'bank_transfer' } = wanted;
    const customer = await this.customers.present(customer_id);
    const lines = await Promise.all(wanted.lines.map((line) => this.#line(line, currency, principal)));
    const products = new Set(lines.map(({ product_id }) => product_id));
    const [product_id = null] = products.size === 1 ? products : [];
    return {
      customer_id: customer.customer_id,
      subscription_id: null,
      subscriber: null,
      // Lines without a product belong to the caller's own.
      product_id: product_id ?? principal.product_id,
      currency,
      lines,
      discounts: [],
      period: null,
      due_days: due_days ?? customer.payment_terms_days ?? this.settings.invoice_due_days,
      po_number: po_number === undefined ? customer.po_number : po_number,
      provider,
      reason: 'manual',
    };
  }

  async #line(line: WantedLine, currency: string, principal: Principal): Promise<DraftLine> {
    const { quantity = 1, tax_rate = null, license_id = null } = line;
    if (!('price_id' in line)) return { ...manualLine(line, quantity, currency), license_id, tax_rate };
    const price = await this.prices.find(line.price_id);
    if (!seesProduct(principal, price.product_id)) refusePrice('PRICE_NOT_FOUND');
    if (!price.active) refusePrice('PRICE_INACTIVE');
    if (price.interval !== null) refuseInvoice('PRICE_NOT_ONE_TIME', { price_id: line.price_id });
    if (price.currency !== currency)
      refuseInvoice('CURRENCY_MISMATCH', { currency: price.currency, invoice_currency: currency });
    const name = (await this.plans.find(price.plan_id))?.name ?? line.price_id;
    return { ...oneTimeLine({ ...price, id: price.price_id }, quantity, name, license_id), tax_rate };
  }
}

const manualLine = (
  { description, amount }: Extract<WantedLine, { description: string }>,
  quantity: number,
  currency: string,
) =>
  ({
    kind: 'manual',
    description,
    product_id: null,
    plan_id: null,
    price_id: null,
    quantity,
    unit_amount: String(amount),
    amount: Money.of(amount, currency).times(quantity).amount,
    period: null,
    tax_behavior: 'exclusive',
    discountable: false,
  }) as const;
