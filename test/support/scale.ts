/**
 * How much a suite repeats itself: `few` in `npm test`, which must be quick, and `many` in `npm run chaos`, which a schedule
 * runs. Both make the same assertions.
 */
export const scale = <T>(few: T, many: T): T => (process.env['CHAOS'] === 'on' ? many : few);
