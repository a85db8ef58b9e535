import { createHash } from 'node:crypto';
import { derivedIdAt } from '../../shared/id.ts';
import type { Time } from '../../shared/time.ts';

/**
 * The id of an invoice of a subscription: the same charge always has the same id, so it is never made twice.
 * @param what names the charge within the subscription: `create`, `period/<start>`, `change/<version>`
 * @param at the time that its id sorts by
 */
export const invoiceOfSubscription = (subscription_id: string, what: string, at: Time): string =>
  derivedIdAt('inv', Date.parse(at), createHash('sha256').update(`${subscription_id}/${what}`).digest());
