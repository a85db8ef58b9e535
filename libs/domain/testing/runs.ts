/** Runs of a property: 10,000 in CI, and fewer elsewhere, so that a spec takes a few seconds. */
export const RUNS = { numRuns: process.env.CI === 'true' ? 10_000 : 1_000 };
