import { addDays, type Time } from '../../shared/time.ts';
import { refuse } from './license.errors.ts';
import type { LicenseEvent, LicenseState } from './license.ts';
import type { Sale } from './license.sale.ts';
import { anchorFor, updatesEnd } from './license.terms.ts';
import type { Plan } from './on-license.ts';

/**
 * Issues a license that was sold. Billing has decided on the price, the trial and the term: neither the trial of the plan nor
 * whether it is still sold matters here.
 */
export interface IssueForSale {
  readonly type: 'IssueForSale';
  readonly plan: Plan;
  readonly sale: Sale;
  readonly customer_id: string;
  /** null if the sale names no address: the key is then shown by the API only. */
  readonly email: string | null;
  readonly name: string | null;
  readonly locale: string | null;
  /** The merchant's own id of the subscriber. */
  readonly external_customer_id: string | null;
  readonly key_hash: string;
  readonly key_sealed: string;
  readonly quantity: number;
  /** The beginning of the first period. */
  readonly from: Time;
  /** null = perpetual. */
  readonly valid_until: Time | null;
  readonly trial: boolean;
  /** The period costs nothing, or its payment has arrived. */
  readonly paid: boolean;
  /** Of the event that is the cause; undefined for a purchase. */
  readonly subscription_version?: number | undefined;
  readonly now: Time;
}

export const issueForSale = (command: IssueForSale, state: LicenseState): readonly LicenseEvent[] => {
  if (state.status !== 'none') return refuse('LICENSE_EXISTS');
  const { plan, sale, now, trial, valid_until, subscription_version } = command;
  const { customer_id, email, name, locale, external_customer_id, key_hash, key_sealed, quantity } = command;
  const valid_from = command.from < now ? command.from : now;
  const expires_at = valid_until === null ? null : addDays(valid_until, plan.grace_days);
  return [
    {
      type: 'license.created',
      product_id: plan.product_id,
      plan_id: plan.plan_id,
      customer_id,
      email,
      // The event may arrive long after the sale.
      status: expires_at !== null && now >= expires_at ? 'expired' : trial ? 'trialing' : 'active',
      trial,
      key_hash,
      key_sealed,
      name,
      org_name: null,
      external_customer_id,
      external_workspace_id: null,
      notes: null,
      metadata: {},
      valid_from,
      valid_until,
      term_anchor: anchorFor(plan, valid_from, valid_until),
      updates_until: updatesEnd(plan, valid_from),
      term_started_at: valid_from,
      ...sale,
      quantity,
      provisional: trial || !command.paid,
      locale,
      expires_at,
      ...(subscription_version === undefined ? {} : { subscription_version }),
    },
  ];
};
