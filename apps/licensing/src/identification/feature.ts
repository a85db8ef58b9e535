import type { Feature } from '#platform/feature';
import { CallerLimits } from './caller-limits.ts';
import { Identification } from './identification.ts';
import { IdentificationSettings } from './identification.settings.ts';
import { LicenseLookup } from './license-lookup.ts';

/** Identifies callers by a license key: the scheme of `/license/*`, the lookup, and the limits. */
export const identificationFeature: Feature = {
  settings: [IdentificationSettings],
  providers: [LicenseLookup, CallerLimits, Identification],
};
