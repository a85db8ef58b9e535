import { invalid } from './errors.ts';

/** Currencies that Stripe counts in whole units. */
const ZERO_DECIMAL = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '));
/** Sent in hundredths, of which only whole hundreds can be charged. */
const WHOLE_HUNDREDS = new Set(['isk', 'ugx']);
/** Sent in thousandths, of which only multiples of ten can be charged. */
const THREE_DECIMAL = new Set('bhd jod kwd omr tnd'.split(' '));
/** What ISO 4217 and Stripe know; sats and others are refused. */
const CURRENCY = /^[a-z]{3}$/;

/** Refuses an amount that Stripe cannot charge in this currency. */
export const checkAmount = (amount: number, currency: string, param: string): void => {
  if (!CURRENCY.test(currency)) throw invalid(`Invalid currency: ${currency}`, { param: 'currency' });
  const multiple = WHOLE_HUNDREDS.has(currency) ? 100 : THREE_DECIMAL.has(currency) ? 10 : 1;
  if (amount % multiple !== 0)
    throw invalid(`Invalid amount. The amount in ${currency} must be evenly divisible by ${multiple}.`, { param });
  if (Math.abs(amount) > 99_999_999_999)
    throw invalid('Amount must be no more than 99,999,999,999', { code: 'amount_too_large', param });
};

/** The least that Stripe charges: about 50 US cents. */
export const minimumCharge = (currency: string): number => {
  if (ZERO_DECIMAL.has(currency)) return 50;
  return THREE_DECIMAL.has(currency) ? 200 : 50;
};

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

/** amount × part / whole, a half rounded away from zero. */
export const portion = (amount: number, part: number, whole: number): number => {
  if (whole === 0) return 0;
  const product = BigInt(amount) * BigInt(part);
  const divisor = BigInt(whole);
  const rounded = (magnitude(product) * 2n + magnitude(divisor)) / (magnitude(divisor) * 2n);
  return Number(product < 0n !== divisor < 0n ? -rounded : rounded);
};

/** A percentage of an amount, such as 12.5. */
export const percentage = (amount: number, percent: number): number =>
  portion(amount, Math.round(percent * 10_000), 1_000_000);

/** Divides a sum in proportion to weights; the parts add up to it. */
export const spread = (sum: number, weights: readonly number[]): number[] => {
  const total = weights.reduce((all, weight) => all + weight, 0);
  let weighed = 0;
  let given = 0;
  return weights.map((weight) => {
    weighed += weight;
    const part = portion(sum, weighed, total) - given;
    given += part;
    return part;
  });
};
