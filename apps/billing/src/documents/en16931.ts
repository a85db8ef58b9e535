import { Decimal } from '#domain/shared/decimal';
import { Money } from '#domain/shared/money';
import type { Buyer, Seller, TaxId } from '#domain/billing/customer/party';
import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import type { InvoiceLine, TaxCategory } from '#domain/billing/invoice/invoice.lines';
import { lastDay } from './format.ts';
import type { Language } from './language.ts';
import { TEXTS } from './texts.ts';

/** A line as EN 16931 calculates it: `price` × `quantity` / `per` − `allowance` = `net`. Amounts are decimals of the currency. */
export interface ElectronicLine {
  readonly id: string;
  readonly name: string;
  /** Negative for a credit: the standard forbids negative prices (BR-27). */
  readonly quantity: string;
  readonly price: string;
  /** How many units the price is for (BT-149); null = 1. */
  readonly per: string | null;
  readonly allowance: string | null;
  readonly net: string;
  readonly category: TaxCategory;
  readonly rate: string;
  readonly period: Days | null;
}

/** Days as `2026-11-29`, both included. */
export interface Days {
  readonly start: string;
  readonly end: string;
}

export interface ElectronicTax {
  readonly category: TaxCategory;
  readonly rate: string;
  readonly taxable: string;
  readonly amount: string;
  /** Why there is no tax, as text and as code of the VATEX list; null where the category needs none. */
  readonly reason: string | null;
  readonly reason_code: string | null;
}

export interface ElectronicParty {
  /** BT-29; only if no other identifier is known. */
  readonly id: string | null;
  readonly name: string;
  readonly street: string | null;
  readonly street2: string | null;
  readonly city: string | null;
  readonly postcode: string | null;
  readonly region: string | null;
  readonly country: string;
  /** With the country's prefix (BR-CO-09). */
  readonly vat_id: string | null;
  /** A tax number that is not a VAT id. */
  readonly tax_number: string | null;
  readonly email: string | null;
  readonly phone: string | null;
}

/** An invoice or credit note in the terms of EN 16931: what CII and UBL have in common. */
export interface ElectronicInvoice {
  readonly type_code: '380' | '381';
  readonly number: string;
  readonly corrects: string | null;
  readonly issued: string;
  readonly due: string | null;
  /** ISO 4217, upper case. */
  readonly currency: string;
  readonly notes: readonly string[];
  readonly order: string | null;
  readonly seller: ElectronicParty;
  readonly buyer: ElectronicParty;
  readonly period: Days | null;
  /** Day of delivery (BT-72), if there is no period. */
  readonly delivered: string | null;
  readonly means: string;
  readonly bank: Seller['bank'];
  readonly terms: string;
  readonly lines: readonly ElectronicLine[];
  readonly taxes: readonly ElectronicTax[];
  readonly net: string;
  readonly tax: string;
  readonly gross: string;
  readonly prepaid: string;
  /** What the sum of lines and taxes lacks to the total (BT-114); null if nothing. */
  readonly rounding: string | null;
  readonly due_amount: string;
}

/** Categories that need a reason, with its code of the VATEX list. */
const REASONS: Partial<Record<TaxCategory, string>> = {
  AE: 'VATEX-EU-AE',
  K: 'VATEX-EU-IC',
  G: 'VATEX-EU-G',
  O: 'VATEX-EU-O',
};

/** @param document without fields that `missingFields` names */
export const electronic = (document: InvoiceDocument, language: Language): ElectronicInvoice => {
  const texts = TEXTS[language];
  const amount = (minor: number): string => Money.of(minor, document.currency).format();
  const net = document.lines.reduce((sum, line) => sum + line.net, 0);
  const tax = document.taxes.reduce((sum, one) => sum + one.amount, 0);
  const rounding = document.total - net - tax;
  // A VAT id must not stand on an invoice that is outside the scope of VAT (BR-O-02).
  const withIds = !document.taxes.some(({ category }) => category === 'O');
  const period = document.period && days(document.period);
  return {
    type_code: document.kind === 'invoice' ? '380' : '381',
    number: document.number,
    corrects: document.corrects,
    issued: document.issued_at.slice(0, 10),
    due: document.due_at?.slice(0, 10) ?? null,
    currency: document.currency.toUpperCase(),
    notes: [...(document.reason === null ? [] : [document.reason]), ...document.notes],
    order: document.po_number,
    seller: sellerOf(document.seller, withIds),
    buyer: buyerOf(document.buyer, withIds),
    period,
    delivered: period === null ? document.issued_at.slice(0, 10) : null,
    ...paymentOf(document),
    terms: document.kind === 'credit_note' ? texts.credited : texts.terms(document.due_at),
    lines: document.lines.map((line) => lineOf(line, document.currency)),
    taxes: document.taxes.map(({ category, rate, taxable, ...one }) => ({
      category,
      rate,
      taxable: amount(taxable),
      amount: amount(one.amount),
      reason: category === 'S' || category === 'Z' ? null : texts.exemptions[category],
      reason_code: REASONS[category] ?? null,
    })),
    net: amount(net),
    tax: amount(tax),
    gross: amount(net + tax),
    prepaid: amount(document.prepaid),
    rounding: rounding === 0 ? null : amount(rounding),
    due_amount: amount(document.total - document.prepaid),
  };
};

/** Codes for bank transfers need an account (BR-61). */
const paymentOf = ({ payment_means, seller: { bank } }: InvoiceDocument): Pick<ElectronicInvoice, 'means' | 'bank'> => {
  const transfer = payment_means === '58' || payment_means === '30';
  return { means: transfer && bank === null ? '1' : payment_means, bank: transfer ? bank : null };
};

const days = ({ start, end }: { start: string; end: string }): Days => ({
  start: start.slice(0, 10),
  end: lastDay(start, end),
});

const lineOf = (line: InvoiceLine, currency: string): ElectronicLine => ({
  id: String(line.line),
  name: line.description,
  ...priceOf(line, currency),
  net: Money.of(line.net, currency).format(),
  category: line.tax_category,
  rate: line.tax_rate,
  period: line.period && days(line.period),
});

/**
 * The price of one unit if it explains the line exactly; else the line's whole amount as the price of all its units. Amounts that
 * contain tax have no exact net price for one unit.
 */
const priceOf = (
  line: InvoiceLine,
  currency: string,
): Pick<ElectronicLine, 'quantity' | 'price' | 'per' | 'allowance'> => {
  const format = (minor: number): string => Money.of(minor, currency).format();
  const exclusive = line.tax_behavior === 'exclusive' && line.net === line.amount - line.discount;
  const discounted = exclusive && line.discount > 0;
  const allowance = discounted ? format(line.discount) : null;
  const charged = discounted ? line.amount : line.net;
  const quantity = line.quantity === 0 && charged !== 0 ? Decimal.of(1) : Decimal.of(line.quantity);
  const unit = exclusive && line.unit_amount !== null ? Decimal.of(line.unit_amount) : null;
  const explained = unit !== null && unit.times(quantity).compare(Decimal.of(charged)) === 0;
  if (explained && unit.numerator >= 0n)
    return { quantity: quantity.toString(), price: major(unit, currency), per: null, allowance };
  const positive = charged < 0 ? Decimal.of(0).minus(quantity) : quantity;
  const one = quantity.compare(Decimal.of(1)) === 0 || quantity.isZero();
  return {
    quantity: positive.toString(),
    price: format(Math.abs(charged)),
    per: one ? null : quantity.toString(),
    allowance,
  };
};

/** Minor units with fractions, `0.5` cents, in the currency: `0.005`. */
const major = (minor: Decimal, currency: string): string => {
  const unit = Decimal.of(Money.of(1, currency).format());
  return minor.times(unit).toString();
};

const NO_IDS = { vat_id: null, tax_number: null };
/** Types of tax ids that are VAT ids. */
export const VAT_TYPES: ReadonlySet<string> = new Set(['eu_vat', 'gb_vat', 'ch_vat', 'no_vat']);

/** The VAT id with the prefix of its country, and any other tax number. */
export const taxNumbers = (
  ids: readonly TaxId[],
  country: string | null,
): Pick<ElectronicParty, 'vat_id' | 'tax_number'> => {
  const vat = ids
    .find(({ type, status }) => VAT_TYPES.has(type) && status !== 'format_invalid')
    ?.value.replace(/\s/g, '');
  const other = ids.find(({ type }) => !VAT_TYPES.has(type))?.value;
  return {
    vat_id: vat === undefined ? null : /^[A-Z]{2}/i.test(vat) ? vat.toUpperCase() : `${country ?? ''}${vat}`,
    tax_number: other ?? null,
  };
};

const addressOf = ({
  address,
}: Seller | Buyer): Pick<ElectronicParty, 'street' | 'street2' | 'city' | 'postcode' | 'region' | 'country'> => ({
  street: address.line1,
  street2: address.line2,
  city: address.city,
  postcode: address.postal_code,
  region: address.state,
  country: address.country ?? '',
});

const sellerOf = (seller: Seller, withIds: boolean): ElectronicParty => {
  const numbers = withIds ? taxNumbers(seller.tax_ids, seller.address.country) : NO_IDS;
  return {
    ...addressOf(seller),
    ...numbers,
    // One identifier is required (BR-CO-26).
    id: numbers.vat_id === null ? (seller.tax_ids[0]?.value ?? seller.email ?? seller.legal_name) : null,
    name: seller.legal_name,
    email: seller.email,
    phone: seller.phone,
  };
};

const buyerOf = (buyer: Buyer | null, withIds: boolean): ElectronicParty => {
  if (buyer === null) throw new Error('an electronic invoice needs a buyer');
  return {
    ...addressOf(buyer),
    ...(withIds ? taxNumbers(buyer.tax_ids, buyer.address.country) : NO_IDS),
    id: null,
    name: buyer.company ?? buyer.name ?? buyer.email ?? buyer.customer_id,
    email: buyer.email,
    phone: null,
  };
};
