import type { TaxCategory } from '#domain/billing/invoice/invoice.lines';
import { dateText } from './format.ts';
import type { Language } from './language.ts';

/** The words of a document in one language. */
export interface Texts {
  readonly invoice: string;
  readonly credit_note: string;
  readonly number: string;
  readonly date: string;
  readonly due: string;
  readonly period: string;
  readonly corrects: string;
  readonly order: string;
  readonly bill_to: string;
  readonly description: string;
  readonly quantity: string;
  readonly unit_price: string;
  readonly tax: string;
  readonly amount: string;
  readonly discount: string;
  readonly subtotal: string;
  readonly net: string;
  readonly total: string;
  readonly prepaid: string;
  readonly amount_due: string;
  readonly amount_credited: string;
  readonly includes_tax: string;
  readonly reason: string;
  readonly bank: string;
  readonly account_holder: string;
  readonly reference: string;
  readonly tax_id: string;
  readonly vat_id: string;
  readonly deleted: string;
  readonly credited: string;
  /** `name` is the tax as the invoice names it; `rate` and `taxable` are formatted. */
  readonly tax_line: (name: string, rate: string, taxable: string) => string;
  readonly page: (page: number, pages: number) => string;
  /** When it is to be paid; null = at once. */
  readonly terms: (due_at: string | null) => string;
  readonly exemptions: Readonly<Record<Exclude<TaxCategory, 'S' | 'Z'>, string>>;
}

const en: Texts = {
  invoice: 'Invoice',
  credit_note: 'Credit note',
  number: 'Number',
  date: 'Date',
  due: 'Due',
  period: 'Period',
  corrects: 'Corrects invoice',
  order: 'Your order',
  bill_to: 'Bill to',
  description: 'Description',
  quantity: 'Quantity',
  unit_price: 'Unit price',
  tax: 'Tax',
  amount: 'Amount',
  discount: 'Discount',
  subtotal: 'Subtotal',
  net: 'Total without tax',
  total: 'Total',
  prepaid: 'Already paid or credited',
  amount_due: 'Amount due',
  amount_credited: 'Amount credited',
  includes_tax: 'Prices include tax.',
  reason: 'Reason',
  bank: 'Bank details',
  account_holder: 'Account holder',
  reference: 'Reference',
  tax_id: 'Tax ID',
  vat_id: 'VAT ID',
  deleted: 'Personal data deleted',
  credited: 'This credit note reduces the invoice that it corrects. Nothing is to be paid.',
  tax_line: (name, rate, taxable) => `${name} ${rate} on ${taxable}`,
  page: (page, pages) => `Page ${page} of ${pages}`,
  terms: (due) => (due === null ? 'Payable on receipt.' : `Payable by ${dateText(due, 'en')}.`),
  exemptions: {
    E: 'Exempt from tax',
    AE: 'Reverse charge: the recipient accounts for the tax',
    K: 'Intra-Community supply, exempt from VAT',
    G: 'Export outside the EU, exempt from VAT',
    O: 'Not subject to VAT',
  },
};

const de: Texts = {
  invoice: 'Rechnung',
  credit_note: 'Rechnungskorrektur',
  number: 'Nummer',
  date: 'Datum',
  due: 'Fällig',
  period: 'Zeitraum',
  corrects: 'Korrigiert Rechnung',
  order: 'Ihre Bestellung',
  bill_to: 'Rechnung an',
  description: 'Beschreibung',
  quantity: 'Menge',
  unit_price: 'Einzelpreis',
  tax: 'Steuer',
  amount: 'Betrag',
  discount: 'Rabatt',
  subtotal: 'Zwischensumme',
  net: 'Summe ohne Steuer',
  total: 'Gesamtbetrag',
  prepaid: 'Bereits bezahlt oder gutgeschrieben',
  amount_due: 'Zu zahlen',
  amount_credited: 'Gutgeschriebener Betrag',
  includes_tax: 'Die Preise enthalten die Steuer.',
  reason: 'Grund',
  bank: 'Bankverbindung',
  account_holder: 'Kontoinhaber',
  reference: 'Verwendungszweck',
  tax_id: 'Steuernummer',
  vat_id: 'USt-IdNr.',
  deleted: 'Personenbezogene Daten gelöscht',
  credited: 'Diese Rechnungskorrektur mindert die genannte Rechnung. Es ist nichts zu zahlen.',
  tax_line: (name, rate, taxable) => `${name} ${rate} auf ${taxable}`,
  page: (page, pages) => `Seite ${page} von ${pages}`,
  terms: (due) => (due === null ? 'Zahlbar sofort nach Erhalt.' : `Zahlbar bis ${dateText(due, 'de')}.`),
  exemptions: {
    E: 'Steuerfrei',
    AE: 'Steuerschuldnerschaft des Leistungsempfängers (Reverse Charge)',
    K: 'Steuerfreie innergemeinschaftliche Lieferung',
    G: 'Steuerfreie Ausfuhrlieferung',
    O: 'Nicht steuerbar',
  },
};

const fr: Texts = {
  invoice: 'Facture',
  credit_note: 'Avoir',
  number: 'Numéro',
  date: 'Date',
  due: 'Échéance',
  period: 'Période',
  corrects: 'Corrige la facture',
  order: 'Votre commande',
  bill_to: 'Facturé à',
  description: 'Désignation',
  quantity: 'Quantité',
  unit_price: 'Prix unitaire',
  tax: 'Taxe',
  amount: 'Montant',
  discount: 'Remise',
  subtotal: 'Sous-total',
  net: 'Total hors taxes',
  total: 'Total',
  prepaid: 'Déjà payé ou crédité',
  amount_due: 'Montant à payer',
  amount_credited: 'Montant crédité',
  includes_tax: 'Les prix sont taxes comprises.',
  reason: 'Motif',
  bank: 'Coordonnées bancaires',
  account_holder: 'Titulaire du compte',
  reference: 'Référence',
  tax_id: 'Numéro fiscal',
  vat_id: 'Nº TVA',
  deleted: 'Données personnelles supprimées',
  credited: 'Cet avoir réduit la facture qu’il corrige. Rien n’est à payer.',
  tax_line: (name, rate, taxable) => `${name} ${rate} sur ${taxable}`,
  page: (page, pages) => `Page ${page} sur ${pages}`,
  terms: (due) => (due === null ? 'Payable à réception.' : `Payable au plus tard le ${dateText(due, 'fr')}.`),
  exemptions: {
    E: 'Exonéré de taxe',
    AE: 'Autoliquidation',
    K: 'Livraison intracommunautaire exonérée de TVA',
    G: 'Exportation hors UE exonérée de TVA',
    O: 'Non soumis à la TVA',
  },
};

export const TEXTS: Readonly<Record<Language, Texts>> = { en, de, fr };
