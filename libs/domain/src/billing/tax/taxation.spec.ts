import { NO_ADDRESS, type TaxId } from '../customer/party.ts';
import { rateAt, setTaxRates, type TaxRate } from './tax-rates.ts';
import { type Sale, taxationOf, treatmentOf } from './taxation.ts';

const rate = (
  country: string,
  percent: string,
  valid_from = '2020-01-01T00:00:00.000Z',
  region: string | null = null,
): TaxRate => ({
  country,
  region,
  rate: percent,
  name: country === 'AT' ? 'USt.' : 'VAT',
  valid_from,
});
const rates = [
  rate('AT', '20'),
  rate('DE', '19', '2021-01-01T00:00:00.000Z'),
  rate('DE', '16', '2020-07-01T00:00:00.000Z'),
  rate('DE', '19', '2007-01-01T00:00:00.000Z'),
  rate('US', '0'),
  rate('US', '7.25', '2020-01-01T00:00:00.000Z', 'CA'),
];
const eu = (value: string, status: TaxId['status'] = 'unverified'): TaxId => ({ type: 'eu_vat', value, status });
const sale = (country: string | null, of: Partial<Sale> & { tax_ids?: TaxId[]; state?: string } = {}): Sale => ({
  provider: 'rates',
  rates,
  seller: { country: 'AT' },
  buyer: { address: { ...NO_ADDRESS, country, state: of.state ?? null }, tax_ids: of.tax_ids ?? [] },
  at: '2026-01-31T09:00:00.000Z',
  has_online_check: false,
  locale: 'en',
  ...of,
});
const german = [eu('DE136695976')];
const french = [eu('FR40303265045')];

describe('a sale is taxed', () => {
  it.each<[string, Sale, string, string]>([
    ['not at all without a provider', sale('AT', { provider: 'none' }), 'O', '0'],
    ['at home', sale('AT'), 'S', '20'],
    ['at home, for a business too', sale('AT', { tax_ids: [eu('ATU13585627')] }), 'S', '20'],
    ['at home if the country of the buyer is not known', sale(null), 'S', '20'],
    ['abroad in the EU at the rate of the buyer', sale('DE'), 'S', '19'],
    ['at the rate of its time', sale('DE', { at: '2020-12-31T23:59:59.999Z' }), 'S', '16'],
    ['by the recipient, a business in another country of the EU', sale('DE', { tax_ids: german }), 'AE', '0'],
    ['by the recipient, whose VAT id names the country', sale(null, { tax_ids: german }), 'AE', '0'],
    [
      'by the recipient of a verified id',
      sale('DE', { tax_ids: [eu('DE136695976', 'valid')], has_online_check: true }),
      'AE',
      '0',
    ],
    ['if the id is not verified yet', sale('DE', { tax_ids: german, has_online_check: true }), 'S', '19'],
    ['if the id is invalid', sale('DE', { tax_ids: [eu('DE136695976', 'invalid')] }), 'S', '19'],
    ['if the id is of Northern Ireland', sale('GB', { tax_ids: [eu('XI980780684')] }), 'G', '0'],
    ['in no country outside the EU', sale('CH'), 'G', '0'],
    ['at a rate of zero', sale('US'), 'Z', '0'],
    ['at the rate of a region', sale('US', { state: ' ca ' }), 'S', '7.25'],
    ['not by a seller outside the EU, where it has no rate', sale('FR', { seller: { country: 'US' } }), 'O', '0'],
    [
      'by a seller outside the EU at the rates it has',
      sale('DE', { seller: { country: 'US' }, tax_ids: german }),
      'S',
      '19',
    ],
    ['not by a seller without a country', sale(null, { seller: { country: null } }), 'O', '0'],
  ])('%s', (_what, of, category, percent) => {
    expect(treatmentOf(taxationOf(of))).toMatchObject({ category, rate: percent });
  });

  it.each<[string, Sale, string]>([
    ['a consumer in another country', sale('FR'), 'FR'],
    [
      'a business in another country whose id is not verified',
      sale('FR', { tax_ids: french, has_online_check: true }),
      'FR',
    ],
    ['a consumer at home', sale('AT', { rates: [] }), 'AT'],
    ['a business at home', sale('AT', { rates: [], tax_ids: [eu('ATU13585627')] }), 'AT'],
    ['a buyer whose country is not known', sale(null, { rates: [] }), 'AT'],
    ['a rate that is not valid yet', sale('AT', { at: '2019-12-31T23:59:59.999Z' }), 'AT'],
  ])('never at zero by accident within the EU: %s', (_what, of, country) => {
    expect(() => treatmentOf(taxationOf(of))).toThrow(
      expect.objectContaining({ code: 'TAX_RATE_MISSING', status: 409, extensions: { country } }),
    );
  });

  it('at zero in the EU, if the table says so', () => {
    expect(treatmentOf(taxationOf(sale('FR', { rates: [rate('FR', '0')] })))).toMatchObject({
      category: 'Z',
      rate: '0',
    });
  });

  it('under the name of the rate', () => {
    expect(treatmentOf(taxationOf(sale('AT'))).name).toBe('USt.');
  });

  it.each([
    ['en-US', 'Reverse charge: VAT to be paid by the recipient.'],
    ['de-AT', 'Steuerschuldnerschaft des Leistungsempfängers'],
    ['fr', 'Autoliquidation'],
    ['ja', 'Reverse charge: VAT to be paid by the recipient.'],
  ])('by the recipient with the text in %s', (locale, text) => {
    expect(taxationOf(sale('DE', { tax_ids: german, locale })).notes).toEqual([text]);
    expect(taxationOf(sale('DE', { locale })).notes).toEqual([]);
  });
});

describe('the table of rates', () => {
  it('is replaced as a whole, in order, if it differs', () => {
    const [event] = setTaxRates([...rates].reverse(), []);
    expect(
      event?.rates.map(({ country, region, valid_from }) => `${country} ${region} ${valid_from.slice(0, 4)}`),
    ).toEqual(['AT null 2020', 'DE null 2021', 'DE null 2020', 'DE null 2007', 'US null 2020', 'US CA 2020']);
    expect(setTaxRates(rates, event?.rates ?? [])).toEqual([]);
    expect(setTaxRates([], rates)).toEqual([{ type: 'tax_rates.set', rates: [] }]);
  });

  it.each([
    [[rate('XX', '20')], '/0/country'],
    [[rate('AT', '100.01')], '/0/rate'],
    [[rate('AT', '-1')], '/0/rate'],
    [[rate('AT', '20 %')], '/0/rate'],
    [[rate('AT', '20'), rate('AT', '10')], '/1'],
  ])('refuses %j', (wanted, pointer) => {
    expect(() => setTaxRates(wanted, [])).toThrow(
      expect.objectContaining({
        code: 'INVALID_TAX_RATE',
        extensions: { errors: [expect.objectContaining({ pointer })] },
      }),
    );
  });

  it('has no rate before the first one', () => {
    expect(rateAt(rates, 'DE', null, '2006-12-31T23:59:59.999Z')).toBeUndefined();
    expect(rateAt(rates, 'DE', null, '2007-01-01T00:00:00.000Z')?.rate).toBe('19');
  });
});
