/** When the term of a plan's licences begins: when they are issued, or when the first device or user is activated. */
export const TERM_STARTS = ['issue', 'first_activation'] as const;
export type TermStart = (typeof TERM_STARTS)[number];

/**
 * What a renewal is counted from. `from_expiry`: the end of the present term, so that neither early nor late payment costs or
 * gives days; once the licence has expired, from now. `from_now`: always from now.
 */
export const RENEWAL_BASES = ['from_expiry', 'from_now'] as const;
export type RenewalBasis = (typeof RENEWAL_BASES)[number];

/** How the terms of a plan's licences run. */
export interface TermRules {
  readonly term_starts: TermStart;
  readonly renewal_from: RenewalBasis;
  /** Days for which new releases are included in a licence, from the beginning of its term; null = for as long as it works. */
  readonly updates_days: number | null;
}

/** Defaults of rules that are left out. */
export const TERM_DEFAULTS = {
  term_starts: 'issue',
  renewal_from: 'from_expiry',
  updates_days: null,
} as const satisfies TermRules;
