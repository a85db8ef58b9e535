import { specification } from '../../../testing/given.ts';
import { NO_ADDRESS } from '../customer/party.ts';
import { readBic, readIban } from '../../shared/bank-account.ts';
import {
  decideOrganization,
  MAX_LOGO_BYTES,
  ORGANIZATION_DEFAULTS,
  type OrganizationEvent,
  type OrganizationState,
  organizationStream,
  sellerOf,
  type SetOrganization,
  type WantedOrganization,
} from './organization.ts';

const given = specification<SetOrganization, OrganizationEvent, OrganizationState>({
  ...organizationStream,
  decide: decideOrganization,
});

const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(40)]).toString('base64');
const organization: WantedOrganization = {
  ...ORGANIZATION_DEFAULTS,
  legal_name: 'Acme GmbH',
  address: { line1: 'Ring 1', city: 'Wien', country: 'AT' },
  tax_ids: [{ type: 'eu_vat', value: 'ATU 13585627' }],
  email: null,
  phone: null,
  bank: { iban: 'de89 3704 0044 0532 0130 00', bic: 'cobadeff', name: null },
  footer: null,
};
const set = (fields: Partial<WantedOrganization> = {}): SetOrganization => ({
  type: 'SetOrganization',
  organization: { ...organization, ...fields },
});

describe('the organization', () => {
  it('is set as a whole, in its normal form, and only if it differs', () => {
    const event = {
      type: 'organization.set',
      ...organization,
      address: { ...NO_ADDRESS, line1: 'Ring 1', city: 'Wien', country: 'AT' },
      tax_ids: [{ type: 'eu_vat', value: 'ATU13585627', status: 'unverified' }],
      bank: { iban: 'DE89370400440532013000', bic: 'COBADEFF', name: null },
    } as OrganizationEvent;
    given().when(set()).then([event]);
    given(event).when(set()).thenNothing();
    given(event)
      .when(set({ footer: 'FN 1 a', locale: 'de-at' }))
      .then([{ ...event, footer: 'FN 1 a', locale: 'de-AT' }]);
  });

  it.each([
    [{ bank: { iban: 'DE89370400440532013001', bic: null, name: null } }, 'INVALID_BANK_ACCOUNT', '/bank/iban'],
    [{ bank: { iban: 'DE89370400440532013000', bic: 'COBAXXFF', name: null } }, 'INVALID_BANK_ACCOUNT', '/bank/bic'],
    [{ tax_ids: [{ type: 'eu_vat', value: 'ATU13585628' }] }, 'INVALID_TAX_ID', '/tax_ids/0/value'],
    [{ address: { country: 'XX' } }, 'INVALID_CUSTOMER', '/address/country'],
    [{ default_currency: 'xxx' }, 'INVALID_ORGANIZATION', '/default_currency'],
    [{ logo: 'R0lGODlh' }, 'INVALID_ORGANIZATION', '/logo'],
    [{ logo: `data:image/png;base64,${'x'.repeat(5)}` }, 'INVALID_ORGANIZATION', '/logo'],
    [{ logo: `iVBORw0KGgoA${'AAAA'.repeat(MAX_LOGO_BYTES / 3)}` }, 'INVALID_ORGANIZATION', '/logo'],
  ])('is not set with %j', (fields, code, pointer) => {
    given()
      .when(set(fields))
      .thenRefused(code, { errors: [expect.objectContaining({ pointer })] });
  });

  it('has a logo as a data URL', () => {
    for (const logo of [PNG, `data:image/png;base64,${PNG}`]) {
      given()
        .when(set({ logo }))
        .thenMatches([{ logo: `data:image/png;base64,${PNG}` }]);
    }
  });

  it('is needed as the seller of an invoice', () => {
    expect(() => sellerOf(organizationStream.initialState)).toThrow(
      expect.objectContaining({ code: 'ORGANIZATION_REQUIRED', status: 409 }),
    );
  });
});

describe('a bank account', () => {
  it.each(['GB82 WEST 1234 5698 7654 32', 'FR1420041010050500013M02606', 'NO9386011117947', 'CH9300762011623852957'])(
    'has the IBAN %s',
    (iban) => {
      expect(readIban(iban)).toBe(iban.replace(/ /g, ''));
    },
  );

  it.each([
    'GB82WEST12345698765433',
    'DE8937040044053201300',
    'DE893704004405320130000',
    'XX89370400440532013000',
    '',
    'DE',
  ])('does not have the IBAN %j', (iban) => {
    expect(readIban(iban)).toBeUndefined();
  });

  it('has a BIC of 8 or 11 characters', () => {
    expect(['COBADEFF', 'cobadeff370', 'DEUTATWWXXX'].map(readBic)).toEqual(['COBADEFF', 'COBADEFF370', 'DEUTATWWXXX']);
    expect(['COBADEF', 'COBADEFF37', 'COBA1EFF', 'COBAXXFF'].map(readBic)).toEqual(Array(4).fill(undefined));
  });
});
