import { euCountryOf, isUsableTaxId, readTaxId, readTaxIds } from './tax-ids.ts';

describe('a tax id', () => {
  it.each([
    ['eu_vat', 'de 136.695.976', 'DE136695976'],
    ['eu_vat', 'FR40 303 265 045', 'FR40303265045'],
    ['eu_vat', 'ATU13585627', 'ATU13585627'],
    ['eu_vat', 'EL094259216', 'EL094259216'],
    ['eu_vat', 'GR094259216', 'EL094259216'],
    ['eu_vat', 'XI980780684', 'XI980780684'],
    ['gb_vat', 'GB 980 7806 84', 'GB980780684'],
    ['ch_vat', 'CHE-116.281.710 MWST', 'CHE116281710MWST'],
    ['no_vat', '974 760 673', 'NO974760673MVA'],
    ['no_vat', 'NO974760673MVA', 'NO974760673MVA'],
    ['us_ein', ' 12-3456789 ', '12-3456789'],
  ])('%s %s is read as %s', (type, value, normal) => {
    expect(readTaxId({ type, value })).toEqual({ type, value: normal });
  });

  it.each([
    ['eu_vat', 'DE136695977'],
    ['eu_vat', 'DE13669597'],
    ['eu_vat', 'FR40303265046'],
    ['eu_vat', 'ATU13585628'],
    ['eu_vat', 'EL094259217'],
    ['eu_vat', 'XI980780685'],
    ['eu_vat', 'GB980780684'],
    ['eu_vat', '136695976'],
    ['eu_vat', 'CHE116281710'],
    ['gb_vat', 'GB980780685'],
    ['gb_vat', 'XI980780684'],
    ['ch_vat', 'CHE116281711'],
    ['no_vat', '974760674'],
  ])('%s %s has a wrong format or checksum', (type, value) => {
    expect(readTaxId({ type, value })).toBeUndefined();
    expect(() =>
      readTaxIds([
        { type: 'us_ein', value: '1' },
        { type, value },
      ]),
    ).toThrow(
      expect.objectContaining({
        code: 'INVALID_TAX_ID',
        extensions: { errors: [expect.objectContaining({ pointer: '/tax_ids/1/value' })] },
      }),
    );
  });

  it('belongs to a country of the EU, Northern Ireland excepted', () => {
    expect(euCountryOf({ type: 'eu_vat', value: 'DE136695976' })).toBe('DE');
    expect(euCountryOf({ type: 'eu_vat', value: 'EL094259216' })).toBe('GR');
    expect(euCountryOf({ type: 'eu_vat', value: 'XI980780684' })).toBeUndefined();
    expect(euCountryOf({ type: 'gb_vat', value: 'GB980780684' })).toBeUndefined();
  });

  it('is usable when it is valid, or when nothing can verify it', () => {
    expect(isUsableTaxId({ status: 'valid' }, true)).toBe(true);
    expect(isUsableTaxId({ status: 'unverified' }, false)).toBe(true);
    expect(isUsableTaxId({ status: 'unverified' }, true)).toBe(false);
    expect(isUsableTaxId({ status: 'invalid' }, false)).toBe(false);
    expect(isUsableTaxId({ status: 'format_invalid' }, false)).toBe(false);
  });
});
