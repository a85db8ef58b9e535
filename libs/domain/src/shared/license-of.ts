import { createHash } from 'node:crypto';
import { derivedId, derivedIdBeside } from './id.ts';

/**
 * The id of the license of a subscription. It is known before the license is issued, and the same event always issues the
 * same license.
 */
export const licenseOfSubscription = (subscriptionId: string): string => licenseOf(subscriptionId, subscriptionId);

/**
 * The id of a license that was bought once.
 * @param line the line of the invoice
 * @param unit from 0 to the quantity of the line, exclusive
 */
export const licenseOfPurchase = (invoiceId: string, line: number | string, unit: number): string =>
  licenseOf(invoiceId, `${invoiceId}/${line}/${unit}`);

/** The license gets the time of what it was bought with, so that lists of licenses have it in its place. */
const licenseOf = (source: string, text: string): string => {
  const hash = createHash('sha256').update(text).digest();
  return derivedIdBeside('lic', source, hash) ?? derivedId('lic', hash);
};
