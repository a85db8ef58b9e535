import type { Address, TaxId } from '#domain/billing/customer/party';
import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import { amountText, dateText, decimalText, moneyText, percentText, periodText } from './format.ts';
import { Decimal } from '#domain/shared/decimal';
import { Money } from '#domain/shared/money';
import { VAT_TYPES } from './en16931.ts';
import type { Language } from './language.ts';
import { type Texts, TEXTS } from './texts.ts';

/** A document as its readers see it, in words and figures: what PDF and HTML have in common. */
export interface Layout {
  readonly title: string;
  readonly number: string;
  readonly seller: readonly string[];
  readonly buyer_label: string;
  readonly buyer: readonly string[];
  /** Label and value. */
  readonly facts: readonly (readonly [string, string])[];
  readonly columns: readonly [string, string, string, string, string];
  readonly rows: readonly LayoutRow[];
  readonly totals: readonly LayoutTotal[];
  readonly notes: readonly string[];
  readonly footer: string | null;
}

export interface LayoutRow {
  readonly description: string;
  /** Period and discount, below the description. */
  readonly details: readonly string[];
  readonly quantity: string;
  readonly unit_price: string;
  readonly tax: string;
  readonly amount: string;
}

export interface LayoutTotal {
  readonly label: string;
  readonly amount: string;
  readonly strong: boolean;
}

const given = (values: readonly (string | null | undefined)[]): string[] =>
  values.filter((value) => value !== null && value !== undefined && value.trim() !== '') as string[];

const addressLines = (address: Address): string[] => {
  const city = given([address.postal_code, address.city]).join(' ');
  return given([address.line1, address.line2, city, address.state, address.country]);
};

const taxIds = (ids: readonly TaxId[], texts: Texts): string[] =>
  ids.map(({ type, value }) => `${VAT_TYPES.has(type) ? texts.vat_id : texts.tax_id}: ${value}`);

export const layout = (document: InvoiceDocument, language: Language): Layout => {
  const texts = TEXTS[language];
  const { seller, buyer, lines, currency } = document;
  const money = (minor: number): string => moneyText(minor, currency, language);
  const amount = (minor: number): string => amountText(minor, currency, language);
  const credit = document.kind === 'credit_note';
  return {
    title: credit ? texts.credit_note : texts.invoice,
    number: document.number,
    seller: [
      seller.legal_name,
      ...addressLines(seller.address),
      ...taxIds(seller.tax_ids, texts),
      ...given([seller.email, seller.phone]),
    ],
    buyer_label: texts.bill_to,
    buyer:
      buyer === null
        ? [texts.deleted]
        : [
            ...given([buyer.company, buyer.name]),
            ...addressLines(buyer.address),
            ...taxIds(buyer.tax_ids, texts),
            ...given([buyer.email]),
          ],
    facts: facts(document, language),
    columns: [texts.description, texts.quantity, texts.unit_price, texts.tax, texts.amount],
    rows: lines.map((line) => ({
      description: line.description,
      details: given([
        line.period && periodText(line.period, language),
        line.discount === 0 ? null : `${texts.discount}: ${amount(-line.discount)}`,
      ]),
      quantity: decimalText(Decimal.of(line.quantity).toString(), language),
      unit_price: line.unit_amount === null ? '' : unitText(line.unit_amount, currency, language),
      tax: line.tax_name === '' ? '' : percentText(line.tax_rate, language),
      amount: amount(line.amount),
    })),
    totals: totals(document, language),
    notes: [
      ...given([document.reason && `${texts.reason}: ${document.reason}`, ...document.notes]),
      ...(lines.some(({ tax_behavior, tax_rate }) => tax_behavior === 'inclusive' && Number(tax_rate) > 0)
        ? [texts.includes_tax]
        : []),
      ...(credit ? [texts.credited] : payment(document, language, money)),
    ],
    footer: seller.footer,
  };
};

/** A price may have more digits than the currency: a twentieth of a cent. */
const unitText = (unit: string, currency: string, language: Language): string => {
  const exact = Decimal.of(unit)
    .times(Decimal.of(Money.of(1, currency).format()))
    .toString();
  const digits = Money.of(0, currency).format().split('.')[1]?.length ?? 0;
  const [whole = '', fraction = ''] = exact.split('.');
  const padded = fraction.padEnd(digits, '0');
  return decimalText(padded === '' ? whole : `${whole}.${padded}`, language);
};

const facts = (document: InvoiceDocument, language: Language): (readonly [string, string])[] => {
  const texts = TEXTS[language];
  const all: readonly (readonly [string, string | null])[] = [
    [texts.number, document.number],
    [texts.date, dateText(document.issued_at, language)],
    [texts.due, document.kind === 'invoice' && document.due_at ? dateText(document.due_at, language) : null],
    [texts.period, document.period && periodText(document.period, language)],
    [texts.corrects, document.corrects],
    [texts.order, document.po_number],
  ];
  return all.flatMap(([label, value]) => (value === null ? [] : [[label, value] as const]));
};

const totals = (document: InvoiceDocument, language: Language): LayoutTotal[] => {
  const texts = TEXTS[language];
  const { currency, total, prepaid, discounts, taxes, lines } = document;
  const row = (label: string, minor: number, strong = false): LayoutTotal => ({
    label,
    amount: moneyText(minor, currency, language),
    strong,
  });
  const due = total - prepaid;
  // A seller that does not charge tax at all has one treatment without a name.
  const named = taxes.filter(({ name }) => name !== '');
  return [
    row(texts.subtotal, document.subtotal),
    ...discounts.map(({ name, amount }) => row(`${texts.discount}: ${name}`, -amount)),
    ...(named.length === 0
      ? []
      : [
          row(
            texts.net,
            lines.reduce((sum, line) => sum + line.net, 0),
          ),
        ]),
    ...named.map(({ name, rate, taxable, amount }) =>
      row(texts.tax_line(name, percentText(rate, language), moneyText(taxable, currency, language)), amount),
    ),
    row(texts.total, total, true),
    ...(prepaid === 0 ? [] : [row(texts.prepaid, -prepaid)]),
    ...(document.kind === 'credit_note' ? [row(texts.amount_credited, due, true)] : [row(texts.amount_due, due, true)]),
  ];
};

const payment = (document: InvoiceDocument, language: Language, money: (minor: number) => string): string[] => {
  const texts = TEXTS[language];
  const { seller, payment_means, total, prepaid, number } = document;
  if (total - prepaid <= 0) return [];
  const bank = payment_means === '58' || payment_means === '30' ? seller.bank : null;
  return [
    `${texts.amount_due}: ${money(total - prepaid)}. ${texts.terms(document.due_at)}`,
    ...(bank === null
      ? []
      : [
          given([
            `${texts.bank}: IBAN ${bank.iban}`,
            bank.bic && `BIC ${bank.bic}`,
            `${texts.account_holder}: ${bank.name ?? seller.legal_name}`,
            `${texts.reference}: ${number}`,
          ]).join(' · '),
        ]),
  ];
};
