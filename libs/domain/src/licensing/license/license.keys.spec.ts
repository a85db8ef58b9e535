import { specification } from '../../../testing/given.ts';
import { decideLicense, type LicenseCommand } from './license.commands.ts';
import { eventsAfter, issueOf, planOf } from '../../../testing/license.given.ts';
import { type LicenseEvent, type LicenseState, licenseStream } from './license.ts';

const given = specification<LicenseCommand, LicenseEvent, LicenseState>({ ...licenseStream, decide: decideLicense });

const issued = eventsAfter(issueOf(planOf(), { key_hash: 'hash 1', key_sealed: 'sealed 1' }));
const rotate: LicenseCommand = { type: 'RotateKey', key_hash: 'hash 2', key_sealed: 'sealed 2', reason: 'it got out' };
const rotated: LicenseEvent = {
  type: 'license.key_rotated',
  product_id: 'prod_1',
  key_hash: 'hash 2',
  key_sealed: 'sealed 2',
  reason: 'it got out',
};

describe('rotating a license key', () => {
  it('replaces the old key with the new one', () => {
    given(...issued)
      .when(rotate)
      .then([rotated]);
    expect([...issued, rotated].reduce(licenseStream.evolve, licenseStream.initialState)).toMatchObject({
      key_hash: 'hash 2',
      key_sealed: 'sealed 2',
      status: 'active',
    });
  });

  it('is allowed while the license is suspended: it comes back with the new key', () => {
    given(...issued, { type: 'license.suspended', product_id: 'prod_1', reason: null })
      .when(rotate)
      .then([rotated]);
  });

  it('is refused for a revoked license, and without a license', () => {
    given(...issued, { type: 'license.revoked', product_id: 'prod_1', reason: null })
      .when(rotate)
      .thenRefused('LICENSE_REVOKED');
    given().when(rotate).thenRefused('LICENSE_NOT_FOUND');
  });
});
