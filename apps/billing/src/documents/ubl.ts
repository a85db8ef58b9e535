import type { Days, ElectronicInvoice, ElectronicLine, ElectronicParty } from './en16931.ts';
import { type Elements, xml } from './xml.ts';

const OASIS = 'urn:oasis:names:specification:ubl:schema:xsd';
const EN_16931 = 'urn:cen.eu:en16931:2017';
const XRECHNUNG = `${EN_16931}#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0`;
const PROFILE = 'urn:fdc:peppol.eu:2017:poacc:billing:01:1.0';

/** Card payments and debits need data that the document does not have: the card's number (BR-DE-24), the mandate (BR-DE-25). */
const WITHOUT_DETAILS: Readonly<Record<string, string>> = { '48': '1', '59': '1' };

/** UBL 2.1 by the rules of EN 16931. The order of elements is that of the schemas of Invoice and CreditNote. */
export const ubl = (invoice: ElectronicInvoice): string => document(invoice, { 'cbc:CustomizationID': EN_16931 });

/** XRechnung 3.0 in UBL. @param invoice without fields that `missingForXRechnung` names */
export const xrechnung = (invoice: ElectronicInvoice): string =>
  document(
    { ...invoice, means: WITHOUT_DETAILS[invoice.means] ?? invoice.means },
    { 'cbc:CustomizationID': XRECHNUNG, 'cbc:ProfileID': PROFILE },
  );

const document = (invoice: ElectronicInvoice, profile: Elements): string => {
  const credit = invoice.type_code === '381';
  const root = credit ? 'CreditNote' : 'Invoice';
  const amount = (value: string): Elements => ({ '@currencyID': invoice.currency, '#': value });
  return xml({
    [root]: {
      '@xmlns': `${OASIS}:${root}-2`,
      '@xmlns:cac': `${OASIS}:CommonAggregateComponents-2`,
      '@xmlns:cbc': `${OASIS}:CommonBasicComponents-2`,
      ...profile,
      'cbc:ID': invoice.number,
      'cbc:IssueDate': invoice.issued,
      'cbc:DueDate': credit ? null : invoice.due,
      [`cbc:${root}TypeCode`]: invoice.type_code,
      'cbc:Note': invoice.notes.length === 0 ? null : invoice.notes.join('\n'),
      'cbc:DocumentCurrencyCode': invoice.currency,
      'cbc:BuyerReference': invoice.order,
      'cac:InvoicePeriod': period(invoice.period),
      'cac:OrderReference': invoice.order && { 'cbc:ID': invoice.order },
      'cac:BillingReference': invoice.corrects && {
        'cac:InvoiceDocumentReference': { 'cbc:ID': invoice.corrects },
      },
      'cac:AccountingSupplierParty': { 'cac:Party': party(invoice.seller, true) },
      'cac:AccountingCustomerParty': { 'cac:Party': party(invoice.buyer, false) },
      'cac:Delivery': delivery(invoice),
      'cac:PaymentMeans': {
        'cbc:PaymentMeansCode': invoice.means,
        'cbc:PaymentDueDate': credit ? invoice.due : null,
        'cbc:PaymentID': invoice.number,
        'cac:PayeeFinancialAccount': invoice.bank && {
          'cbc:ID': invoice.bank.iban,
          'cbc:Name': invoice.bank.name,
          'cac:FinancialInstitutionBranch': invoice.bank.bic && { 'cbc:ID': invoice.bank.bic },
        },
      },
      'cac:PaymentTerms': { 'cbc:Note': invoice.terms },
      'cac:TaxTotal': {
        'cbc:TaxAmount': amount(invoice.tax),
        'cac:TaxSubtotal': invoice.taxes.map((tax) => ({
          'cbc:TaxableAmount': amount(tax.taxable),
          'cbc:TaxAmount': amount(tax.amount),
          'cac:TaxCategory': {
            'cbc:ID': tax.category,
            'cbc:Percent': tax.rate,
            'cbc:TaxExemptionReasonCode': tax.reason_code,
            'cbc:TaxExemptionReason': tax.reason,
            'cac:TaxScheme': { 'cbc:ID': 'VAT' },
          },
        })),
      },
      'cac:LegalMonetaryTotal': {
        'cbc:LineExtensionAmount': amount(invoice.net),
        'cbc:TaxExclusiveAmount': amount(invoice.net),
        'cbc:TaxInclusiveAmount': amount(invoice.gross),
        'cbc:PrepaidAmount': amount(invoice.prepaid),
        'cbc:PayableRoundingAmount': invoice.rounding === null ? null : amount(invoice.rounding),
        'cbc:PayableAmount': amount(invoice.due_amount),
      },
      [`cac:${root}Line`]: invoice.lines.map((one) => line(one, credit, amount)),
    },
  });
};

const period = (days: Days | null): Elements | null => days && { 'cbc:StartDate': days.start, 'cbc:EndDate': days.end };

const line = (one: ElectronicLine, credit: boolean, amount: (value: string) => Elements): Elements => ({
  'cbc:ID': one.id,
  [credit ? 'cbc:CreditedQuantity' : 'cbc:InvoicedQuantity']: { '@unitCode': 'C62', '#': one.quantity },
  'cbc:LineExtensionAmount': amount(one.net),
  'cac:InvoicePeriod': period(one.period),
  'cac:AllowanceCharge':
    one.allowance === null
      ? null
      : {
          'cbc:ChargeIndicator': 'false',
          // UNCL 5189: discount.
          'cbc:AllowanceChargeReasonCode': '95',
          'cbc:AllowanceChargeReason': 'Discount',
          'cbc:Amount': amount(one.allowance),
        },
  'cac:Item': {
    'cbc:Name': one.name,
    'cac:ClassifiedTaxCategory': {
      'cbc:ID': one.category,
      'cbc:Percent': one.category === 'O' ? null : one.rate,
      'cac:TaxScheme': { 'cbc:ID': 'VAT' },
    },
  },
  'cac:Price': {
    'cbc:PriceAmount': amount(one.price),
    'cbc:BaseQuantity': one.per && { '@unitCode': 'C62', '#': one.per },
  },
});

const scheme = (id: string, name: string): Elements => ({
  'cbc:CompanyID': id,
  'cac:TaxScheme': { 'cbc:ID': name },
});

const party = (one: ElectronicParty, seller: boolean): Elements => ({
  'cbc:EndpointID': one.email && { '@schemeID': 'EM', '#': one.email },
  'cac:PartyIdentification': one.id && { 'cbc:ID': one.id },
  'cac:PartyName': { 'cbc:Name': one.name },
  'cac:PostalAddress': address(one),
  'cac:PartyTaxScheme': [
    ...(one.vat_id === null ? [] : [scheme(one.vat_id, 'VAT')]),
    ...(one.tax_number === null || !seller ? [] : [scheme(one.tax_number, 'TAX')]),
  ],
  'cac:PartyLegalEntity': { 'cbc:RegistrationName': one.name },
  'cac:Contact':
    seller && (one.email !== null || one.phone !== null)
      ? { 'cbc:Name': one.name, 'cbc:Telephone': one.phone, 'cbc:ElectronicMail': one.email }
      : null,
});

const address = (one: ElectronicParty): Elements => ({
  'cbc:StreetName': one.street,
  'cbc:AdditionalStreetName': one.street2,
  'cbc:CityName': one.city,
  'cbc:PostalZone': one.postcode,
  'cbc:CountrySubentity': one.region,
  'cac:Country': { 'cbc:IdentificationCode': one.country },
});

/** An intra-Community supply needs the country of delivery (BR-IC-12). */
const delivery = ({ delivered, buyer }: ElectronicInvoice): Elements => ({
  'cbc:ActualDeliveryDate': delivered,
  'cac:DeliveryLocation': { 'cac:Address': address(buyer) },
});
