import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import type { TaxCategory } from '#domain/billing/invoice/invoice.lines';
import { taxNumbers } from './en16931.ts';

/** Categories whose rules require the seller's tax number, and those that require the buyer's VAT id too. */
const SELLER_ID: ReadonlySet<TaxCategory> = new Set(['S', 'Z', 'E', 'AE', 'K', 'G']);
const BUYER_ID: ReadonlySet<TaxCategory> = new Set(['AE', 'K']);

const named = (fields: Readonly<Record<string, boolean>>): string[] =>
  Object.entries(fields)
    .filter(([, missing]) => missing)
    .map(([field]) => field);

/** Fields that EN 16931 requires and the document does not have; empty if its XML can be made. */
export const missingFields = ({ seller, buyer, currency, lines, taxes }: InvoiceDocument): readonly string[] => {
  const categories = taxes.map(({ category }) => category);
  const ids = taxNumbers(seller.tax_ids, seller.address.country);
  const needsVat = categories.some((category) => BUYER_ID.has(category));
  return named({
    lines: lines.length === 0,
    taxes: taxes.length === 0,
    // Not in ISO 4217 (BR-CL-04).
    currency: currency === 'sats',
    'seller.address.country': seller.address.country === null,
    'seller.tax_ids':
      categories.some((category) => SELLER_ID.has(category)) &&
      ids.vat_id === null &&
      (needsVat || ids.tax_number === null),
    'buyer.address.country': buyer?.address.country == null,
    'buyer.tax_ids': needsVat && (buyer === null || taxNumbers(buyer.tax_ids, buyer.address.country).vat_id === null),
  });
};

/** As `missingFields`, for XRechnung 3.0 (rules BR-DE-… and PEPPOL-EN16931-R…). */
export const missingForXRechnung = (document: InvoiceDocument): readonly string[] => {
  const { seller, buyer } = document;
  return [
    ...missingFields(document),
    ...named({
      'seller.address.city': seller.address.city === null,
      'seller.address.postal_code': seller.address.postal_code === null,
      'seller.email': seller.email === null,
      'seller.phone': seller.phone === null,
      'buyer.address.city': buyer?.address.city == null,
      'buyer.address.postal_code': buyer?.address.postal_code == null,
      'buyer.email': buyer?.email == null,
      // BuyerReference (BT-10), the Leitweg-ID of public authorities.
      po_number: document.po_number === null,
    }),
  ];
};
