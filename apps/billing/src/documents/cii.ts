import type { Days, ElectronicInvoice, ElectronicLine, ElectronicParty } from './en16931.ts';
import { type Elements, xml } from './xml.ts';

/** The guideline of EN 16931 itself, which is also that of Factur-X's profile EN 16931. */
const GUIDELINE = 'urn:cen.eu:en16931:2017';

/** UN/CEFACT Cross Industry Invoice D16B by the rules of EN 16931. The order of elements is that of its schema. */
export const cii = (invoice: ElectronicInvoice): string =>
  xml({
    'rsm:CrossIndustryInvoice': {
      '@xmlns:rsm': 'urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100',
      '@xmlns:ram': 'urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100',
      '@xmlns:udt': 'urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100',
      'rsm:ExchangedDocumentContext': { 'ram:GuidelineSpecifiedDocumentContextParameter': { 'ram:ID': GUIDELINE } },
      'rsm:ExchangedDocument': {
        'ram:ID': invoice.number,
        'ram:TypeCode': invoice.type_code,
        'ram:IssueDateTime': date(invoice.issued),
        'ram:IncludedNote': invoice.notes.map((note) => ({ 'ram:Content': note })),
      },
      'rsm:SupplyChainTradeTransaction': {
        'ram:IncludedSupplyChainTradeLineItem': invoice.lines.map(line),
        'ram:ApplicableHeaderTradeAgreement': {
          'ram:BuyerReference': invoice.order,
          'ram:SellerTradeParty': party(invoice.seller, true),
          'ram:BuyerTradeParty': party(invoice.buyer, false),
          'ram:BuyerOrderReferencedDocument': invoice.order && { 'ram:IssuerAssignedID': invoice.order },
        },
        'ram:ApplicableHeaderTradeDelivery': delivery(invoice),
        'ram:ApplicableHeaderTradeSettlement': settlement(invoice),
      },
    },
  });

const date = (day: string): Elements => ({
  'udt:DateTimeString': { '@format': '102', '#': day.replaceAll('-', '') },
});

const period = (days: Days | null): Elements | null =>
  days && { 'ram:StartDateTime': date(days.start), 'ram:EndDateTime': date(days.end) };

const line = (one: ElectronicLine): Elements => ({
  'ram:AssociatedDocumentLineDocument': { 'ram:LineID': one.id },
  'ram:SpecifiedTradeProduct': { 'ram:Name': one.name },
  'ram:SpecifiedLineTradeAgreement': {
    'ram:NetPriceProductTradePrice': {
      'ram:ChargeAmount': one.price,
      'ram:BasisQuantity': one.per && { '@unitCode': 'C62', '#': one.per },
    },
  },
  'ram:SpecifiedLineTradeDelivery': { 'ram:BilledQuantity': { '@unitCode': 'C62', '#': one.quantity } },
  'ram:SpecifiedLineTradeSettlement': {
    'ram:ApplicableTradeTax': {
      'ram:TypeCode': 'VAT',
      'ram:CategoryCode': one.category,
      'ram:RateApplicablePercent': one.category === 'O' ? null : one.rate,
    },
    'ram:BillingSpecifiedPeriod': period(one.period),
    'ram:SpecifiedTradeAllowanceCharge': one.allowance && {
      'ram:ChargeIndicator': { 'udt:Indicator': 'false' },
      'ram:ActualAmount': one.allowance,
      // UNCL 5189: discount.
      'ram:ReasonCode': '95',
      'ram:Reason': 'Discount',
    },
    'ram:SpecifiedTradeSettlementLineMonetarySummation': { 'ram:LineTotalAmount': one.net },
  },
});

const party = (one: ElectronicParty, seller: boolean): Elements => ({
  'ram:ID': one.id,
  'ram:Name': one.name,
  'ram:DefinedTradeContact':
    seller && (one.email !== null || one.phone !== null)
      ? {
          'ram:PersonName': one.name,
          'ram:TelephoneUniversalCommunication': one.phone && { 'ram:CompleteNumber': one.phone },
          'ram:EmailURIUniversalCommunication': one.email && { 'ram:URIID': one.email },
        }
      : null,
  'ram:PostalTradeAddress': address(one),
  'ram:URIUniversalCommunication': one.email && { 'ram:URIID': { '@schemeID': 'EM', '#': one.email } },
  'ram:SpecifiedTaxRegistration': [
    ...(one.vat_id === null ? [] : [{ 'ram:ID': { '@schemeID': 'VA', '#': one.vat_id } }]),
    ...(one.tax_number === null || !seller ? [] : [{ 'ram:ID': { '@schemeID': 'FC', '#': one.tax_number } }]),
  ],
});

const address = (one: ElectronicParty): Elements => ({
  'ram:PostcodeCode': one.postcode,
  'ram:LineOne': one.street,
  'ram:LineTwo': one.street2,
  'ram:CityName': one.city,
  'ram:CountryID': one.country,
  'ram:CountrySubDivisionName': one.region,
});

/** An intra-Community supply needs the country of delivery (BR-IC-12). */
const delivery = ({ delivered, buyer }: ElectronicInvoice): Elements => ({
  'ram:ShipToTradeParty': { 'ram:Name': buyer.name, 'ram:PostalTradeAddress': address(buyer) },
  'ram:ActualDeliverySupplyChainEvent': delivered && { 'ram:OccurrenceDateTime': date(delivered) },
});

const settlement = (invoice: ElectronicInvoice): Elements => ({
  'ram:PaymentReference': invoice.number,
  'ram:InvoiceCurrencyCode': invoice.currency,
  'ram:SpecifiedTradeSettlementPaymentMeans': {
    'ram:TypeCode': invoice.means,
    'ram:PayeePartyCreditorFinancialAccount': invoice.bank && {
      'ram:IBANID': invoice.bank.iban,
      'ram:AccountName': invoice.bank.name,
    },
    'ram:PayeeSpecifiedCreditorFinancialInstitution': invoice.bank?.bic ? { 'ram:BICID': invoice.bank.bic } : null,
  },
  'ram:ApplicableTradeTax': invoice.taxes.map((tax) => ({
    'ram:CalculatedAmount': tax.amount,
    'ram:TypeCode': 'VAT',
    'ram:ExemptionReason': tax.reason,
    'ram:BasisAmount': tax.taxable,
    'ram:CategoryCode': tax.category,
    'ram:ExemptionReasonCode': tax.reason_code,
    'ram:RateApplicablePercent': tax.rate,
  })),
  'ram:BillingSpecifiedPeriod': period(invoice.period),
  'ram:SpecifiedTradePaymentTerms': {
    'ram:Description': invoice.terms,
    'ram:DueDateDateTime': invoice.due && date(invoice.due),
  },
  'ram:SpecifiedTradeSettlementHeaderMonetarySummation': {
    'ram:LineTotalAmount': invoice.net,
    'ram:TaxBasisTotalAmount': invoice.net,
    'ram:TaxTotalAmount': { '@currencyID': invoice.currency, '#': invoice.tax },
    'ram:RoundingAmount': invoice.rounding,
    'ram:GrandTotalAmount': invoice.gross,
    'ram:TotalPrepaidAmount': invoice.prepaid,
    'ram:DuePayableAmount': invoice.due_amount,
  },
  'ram:InvoiceReferencedDocument': invoice.corrects && { 'ram:IssuerAssignedID': invoice.corrects },
});
