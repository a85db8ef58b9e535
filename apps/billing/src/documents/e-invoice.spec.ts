import { convert } from 'xmlbuilder2';
import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import { NO_BRAND } from './brand.ts';
import { BUYER, CREDIT_NOTE, INVOICE, LINE, REVERSE_CHARGE, SELLER } from './document-example.ts';
import { missingFields, missingForXRechnung } from './missing.ts';
import type { DocumentFormat } from './formats.ts';
import { render } from './render.ts';

const text = async (document: InvoiceDocument, format: DocumentFormat): Promise<string> =>
  Buffer.from(await render({ document, format, brand: NO_BRAND })).toString();

/** Parses the XML, so it is well-formed, and finds all values of an element. */
const values = (xml: string, name: string): unknown[] => {
  const found: unknown[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, child] of Object.entries(node)) {
      if (key.replace(/^.*:/, '') === name) found.push(...[child].flat().map((one) => one?.['#'] ?? one));
      [child].flat().forEach(visit);
    }
  };
  visit(convert(xml, { format: 'object' }));
  return found;
};

it('CII has the totals of the document', async () => {
  const xml = await text(INVOICE, 'cii');
  expect(values(xml, 'TypeCode')[0]).toBe('380');
  expect(values(xml, 'TaxBasisTotalAmount')).toEqual(['100.00']);
  expect(values(xml, 'TaxTotalAmount')).toEqual(['19.00']);
  expect(values(xml, 'GrandTotalAmount')).toEqual(['119.00']);
  expect(values(xml, 'TotalPrepaidAmount')).toEqual(['19.00']);
  expect(values(xml, 'DuePayableAmount')).toEqual(['100.00']);
  expect(values(xml, 'IBANID')).toEqual(['DE89370400440532013000']);
  expect(values(xml, 'RoundingAmount')).toEqual([]);
});

it('UBL has the totals of the document', async () => {
  const xml = await text(INVOICE, 'ubl');
  expect(values(xml, 'LineExtensionAmount')).toEqual(['100.00', '53.73', '60.00', '-13.73']);
  expect(values(xml, 'TaxInclusiveAmount')).toEqual(['119.00']);
  expect(values(xml, 'PayableAmount')).toEqual(['100.00']);
  // A credit has a negative quantity: prices must not be negative.
  expect(values(xml, 'InvoicedQuantity')).toEqual(['3', '12345', '-1']);
  expect(values(xml, 'PriceAmount')).toEqual(['19.9', '60.00', '13.73']);
  expect(values(xml, 'BaseQuantity')).toEqual(['12345']);
});

it('periods end with their last day', async () => {
  const xml = await text(INVOICE, 'ubl');
  expect(new Set(values(xml, 'EndDate'))).toEqual(new Set(['2026-11-30']));
});

it.each(['ubl', 'xrechnung'] as const)('a credit note in %s names its invoice and its reason', async (format) => {
  const xml = await text(CREDIT_NOTE, format);
  expect(values(xml, 'CreditNoteTypeCode')).toEqual(['381']);
  expect(values(xml, 'InvoiceDocumentReference')).toEqual([{ 'cbc:ID': INVOICE.number }]);
  expect(values(xml, 'Note')[0]).toBe(CREDIT_NOTE.reason);
  expect(values(xml, 'DueDate')).toEqual([]);
});

it('reverse charge has its category, code and text, and both VAT ids', async () => {
  const xml = await text(REVERSE_CHARGE, 'cii');
  expect(values(xml, 'ExemptionReasonCode')).toEqual(['VATEX-EU-AE']);
  expect(values(xml, 'ExemptionReason')).toEqual(['Autoliquidation']);
  expect(xml).toContain('>DE136695976<');
  expect(xml).toContain('>FR40303265045<');
});

it('an amount that contains tax has its net as the price of all units', async () => {
  const line = { ...LINE, tax_behavior: 'inclusive' as const, discount: 0, net: 5017 };
  const taxes = [{ ...LINE, rate: '19', category: 'S' as const, name: 'VAT', taxable: 5017, amount: 953 }];
  const xml = await text({ ...INVOICE, lines: [line], taxes, total: 5970, prepaid: 0 }, 'ubl');
  expect(values(xml, 'PriceAmount')).toEqual(['50.17']);
  expect(values(xml, 'BaseQuantity')).toEqual(['3']);
  expect(values(xml, 'PayableAmount')).toEqual(['59.70']);
});

it('a cent between the sums and the total is rounding', async () => {
  const document = { ...INVOICE, total: INVOICE.total - 1 };
  expect(values(await text(document, 'ubl'), 'PayableRoundingAmount')).toEqual(['-0.01']);
  expect(values(await text(document, 'cii'), 'RoundingAmount')).toEqual(['-0.01']);
  expect(values(await text(document, 'cii'), 'DuePayableAmount')).toEqual(['99.99']);
});

it.each([
  ['jpy', '11900', 'JPY'],
  ['kwd', '11.900', 'KWD'],
])('amounts in %s have the digits of their currency', async (currency, total, code) => {
  const document = { ...INVOICE, currency };
  expect(values(await text(document, 'cii'), 'GrandTotalAmount')).toEqual([total]);
  expect(values(await text(document, 'cii'), 'InvoiceCurrencyCode')).toEqual([code]);
  expect((await text(document, 'pdf')).slice(0, 4)).toBe('%PDF');
});

it('text that XML cannot hold is left out, markup is escaped', async () => {
  const buyer = { ...BUYER, company: 'A\u0000\u0008<b>&"\ud800' };
  const xml = await text({ ...INVOICE, buyer }, 'cii');
  expect(xml).toContain('<ram:Name>A&lt;b&gt;&amp;"\ufffd</ram:Name>');
});

it('names the fields that XRechnung and EN 16931 lack', () => {
  expect(missingForXRechnung(INVOICE)).toEqual([]);
  const seller = { ...SELLER, phone: null, tax_ids: [], address: { ...SELLER.address, city: null, country: null } };
  const document = { ...REVERSE_CHARGE, seller, buyer: { ...BUYER, email: null }, po_number: null };
  expect(missingFields(document)).toEqual(['seller.address.country', 'seller.tax_ids', 'buyer.tax_ids']);
  expect(missingForXRechnung(document)).toEqual([
    ...missingFields(document),
    'seller.address.city',
    'seller.phone',
    'buyer.email',
    'po_number',
  ]);
});

it('outside the scope of VAT no VAT id is shown', async () => {
  const lines = INVOICE.lines.map((line) => ({ ...line, tax_rate: '0', tax_category: 'O' as const }));
  const taxes = [{ rate: '0', category: 'O' as const, name: 'VAT', taxable: 10_000, amount: 0 }];
  const xml = await text({ ...INVOICE, lines, taxes, total: 10_000 }, 'ubl');
  expect(values(xml, 'PartyTaxScheme')).toEqual([]);
  expect(values(xml, 'PartyIdentification')).toEqual([{ 'cbc:ID': 'DE136695976' }]);
});
