import type { OrganizationState } from '#domain/billing/organization/organization';

/** What a document shows of the seller beyond its own fields. */
export interface Brand {
  /** PNG or JPEG; null = none. */
  readonly logo: Uint8Array | null;
  /** Language of documents for buyers whose language has no texts, BCP 47. */
  readonly locale: string | null;
}

export const NO_BRAND: Brand = { logo: null, locale: null };

/** The brand of the organization; its logo is a data URL. */
export const brandOf = (state: OrganizationState): Brand => {
  if (state.status === 'none') return NO_BRAND;
  const { logo, locale } = state;
  return { logo: logo === null ? null : Buffer.from(logo.slice(logo.indexOf(',') + 1), 'base64'), locale };
};

const SIGNATURES = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47]],
  ['image/jpeg', [0xff, 0xd8, 0xff]],
] as const;

/** The media type of a logo by its first bytes; undefined for all but PNG and JPEG, which documents leave out. */
export const logoType = (logo: Uint8Array): string | undefined =>
  SIGNATURES.find(([, bytes]) => bytes.every((byte, at) => logo[at] === byte))?.[0];
