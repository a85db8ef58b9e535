import { PLAN_DEFAULTS } from '../plan/plan.ts';
import { addDays } from '../../shared/time.ts';
import { licenseOf, planOf } from '../../../testing/license.given.ts';
import type { License } from './license.ts';
import { type VerificationRequest, type Verified, verify } from './verify.ts';

const T0 = '2026-01-01T00:00:00.000Z';
const END = addDays(T0, 30);

const license: License = {
  ...licenseOf(planOf(), { now: T0, valid_until: END }),
  activations: new Map(
    ['first', 'second', 'third'].map((hash) => [
      hash,
      { activation_id: hash, identifier: null, identifier_type: 'device', label: null, ip: null, added_at: T0 },
    ]),
  ),
};
const verified: Verified = {
  license,
  plan: { ...PLAN_DEFAULTS, license_type: 'subscription', license_model: 'standard' },
  product: { product_id: 'prod_1', slug: 'studio', type: 'desktop', minimum_supported_version: '2.0.0' },
  entitlements: { export: { value: true }, cloud: { value: false }, exports: { value: 0 } },
};
const request: VerificationRequest = {
  product: undefined,
  identifier_hash: 'first',
  entitlements: [],
  version: undefined,
};

const ask = (
  over: Partial<VerificationRequest>,
  changes: Partial<License> = {},
  now = addDays(T0, 1),
  of: Partial<Verified> = {},
) => verify({ ...verified, license: { ...license, ...changes }, ...of }, { ...request, ...over }, now);

describe('verification', () => {
  it('returns VALID for a usable license on an active device', () => {
    expect(ask({})).toBe('VALID');
    expect(ask({ product: 'prod_1' })).toBe('VALID');
    expect(ask({ product: 'studio', version: '2.0', entitlements: ['export', 'exports'] })).toBe('VALID');
    expect(ask({ identifier_hash: undefined })).toBe('VALID');
  });

  it('requires no activation for floating licenses, which use sessions', () => {
    const plan = { ...verified.plan, license_model: 'floating', max_activations: 1 } as const;
    expect(ask({ identifier_hash: 'nobody' }, {}, T0, { plan })).toBe('VALID');
    expect(ask({ identifier_hash: 'third' }, {}, T0, { plan })).toBe('VALID');
    expect(ask({ identifier_hash: 'nobody' }, { status: 'suspended' }, T0, { plan })).toBe('SUSPENDED');
  });

  it('returns the first reason that applies', () => {
    const wrong = { product: 'other', identifier_hash: 'nobody', version: '1.0.0', entitlements: ['nothing'] };
    expect(ask(wrong, { status: 'revoked' })).toBe('PRODUCT_MISMATCH');
    const rest = { ...wrong, product: undefined };
    expect(ask(rest, { status: 'revoked' })).toBe('REVOKED');
    expect(ask(rest, { status: 'suspended' }, addDays(END, 99))).toBe('SUSPENDED');
    expect(ask(rest, {}, addDays(END, 8))).toBe('EXPIRED');
    expect(ask(rest, { trial: true }, addDays(END, 8))).toBe('TRIAL_EXPIRED');
    expect(ask(rest, { status: 'canceled' }, END)).toBe('CANCELED');
    expect(ask(rest, {}, addDays(T0, -1))).toBe('NOT_YET_VALID');
    expect(ask(rest)).toBe('NOT_ACTIVATED');
    const lowered = { plan: { ...verified.plan, max_activations: 2 } };
    expect(ask({ ...rest, identifier_hash: 'third' }, {}, undefined, lowered)).toBe('TOO_MANY_ACTIVATIONS');
    expect(ask({ ...rest, identifier_hash: 'second' }, {}, undefined, lowered)).toBe('VERSION_TOO_OLD');
    expect(ask({ entitlements: ['nothing'] })).toBe('ENTITLEMENT_MISSING');
    expect(ask({ entitlements: ['cloud'] })).toBe('ENTITLEMENT_MISSING');
    expect(ask({ entitlements: ['constructor'] })).toBe('ENTITLEMENT_MISSING');
  });

  it('an unknown device is NOT_ACTIVATED even if all activations are in use', () => {
    expect(ask({ identifier_hash: 'nobody' })).toBe('NOT_ACTIVATED');
  });

  it('the dates decide, even if the stored status differs', () => {
    expect(ask({}, {}, END)).toBe('PAST_DUE_GRACE');
    expect(ask({}, { trial: true, status: 'trialing' }, END)).toBe('PAST_DUE_GRACE');
    expect(ask({}, {}, addDays(END, 7))).toBe('EXPIRED');
    expect(ask({}, { status: 'canceled' })).toBe('VALID');
    expect(ask({}, { valid_until: null }, addDays(T0, 9999))).toBe('VALID');
  });

  it('products without activations ignore the device', () => {
    expect(ask({ identifier_hash: 'nobody' }, {}, undefined, { product: { ...verified.product, type: 'saas' } })).toBe(
      'VALID',
    );
  });

  it.each([
    ['1.9.9', 'VERSION_TOO_OLD'],
    ['2.0.0-beta.1', 'VERSION_TOO_OLD'],
    ['v2', 'VALID'],
    ['2.0.1', 'VALID'],
    ['10.0', 'VALID'],
  ])('an app of version %s: %s', (version, code) => {
    expect(ask({ version })).toBe(code);
  });

  it('accepts every release from the time in which updates were included', () => {
    const until = { updates_until: addDays(T0, 10) };
    expect(ask({ release_date: addDays(T0, 9) }, until)).toBe('VALID');
    expect(ask({ release_date: addDays(T0, 10) }, until)).toBe('VALID');
    expect(ask({ release_date: addDays(T0, 11) }, until)).toBe('VERSION_TOO_OLD');
    expect(ask({ release_date: addDays(T0, 11) })).toBe('VALID');
    expect(ask({}, until)).toBe('VALID');
  });
});
