/** When the term of a plan's licenses begins: when they are issued, or when the first device or user is activated. */
export const TERM_STARTS = ['issue', 'first_activation'] as const;
export type TermStart = (typeof TERM_STARTS)[number];

/**
 * What a renewal is counted from. `from_expiry`: the end of the present term, so that an early or late payment neither costs
 * nor gives days; once the license has expired, from now. `from_now`: always from now.
 */
export const RENEWAL_BASES = ['from_expiry', 'from_now'] as const;
export type RenewalBasis = (typeof RENEWAL_BASES)[number];

/** Rules for the terms of a plan's licenses. */
export interface TermRules {
  readonly term_starts: TermStart;
  readonly renewal_from: RenewalBasis;
  /** Days for which new releases are included in a license, from the beginning of its term; null = for as long as it works. */
  readonly updates_days: number | null;
}

/** Defaults of rules that are left out. */
export const TERM_DEFAULTS = {
  term_starts: 'issue',
  renewal_from: 'from_expiry',
  updates_days: null,
} as const satisfies TermRules;
