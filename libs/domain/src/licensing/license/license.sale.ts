import type { Time } from '../../shared/time.ts';

/** How a license was sold. A license that an operator issued has null in each field. */
export interface Sale {
  /** The subscription that gives the license its term. */
  readonly subscription_id: string | null;
  /** How it is paid: `stripe`, `bank_transfer`, `grant`, … */
  readonly payment_provider: string | null;
  /** The invoice that the license was bought with once. */
  readonly invoice_id: string | null;
}

export const NO_SALE: Sale = { subscription_id: null, payment_provider: null, invoice_id: null };

/** What a license becomes at the end of its subscription: by the end policy of its plan. */
export type Ending = 'expired' | 'suspended' | 'kept';

/** What a license knows of its sale. */
export interface Sold extends Sale {
  /** Units: the maxima of the plan are multiplied by it. */
  readonly quantity: number;
  /** It began with a trial or with its first invoice, and no payment has arrived yet. */
  readonly provisional: boolean;
  /** Since when a payment, or the renewal, is missing; null unless it is past due. */
  readonly past_due_at: Time | null;
  /** When a license with a subscription expires if billing reports nothing else; null = not known. */
  readonly expires_at: Time | null;
  /** The subscription has ended, and how the license ends with it; null = it has not ended. */
  readonly ending: Ending | null;
  /** Version of the last event of its subscription that has had its effect; 0 = none. Older events are ignored. */
  readonly subscription_version: number;
}

interface OfProduct {
  readonly product_id: string;
}

/** Events of a license that has a subscription or was bought. */
export type SaleEvent =
  | (OfProduct & {
      readonly type: 'license.quantity_changed';
      readonly quantity: number;
      readonly previous_quantity: number;
    })
  /** An event of billing changed nothing; this event records that it was handled. */
  | (OfProduct & { readonly type: 'license.billing_followed' })
  /** Billing was silent at the end of the term; the plan's grace period ends at `expires_at`. */
  | (OfProduct & { readonly type: 'license.expiry_postponed'; readonly expires_at: Time });

/**
 * Since when a license is past due; null unless it is. Billing says so of a license with a subscription; any other is past due
 * since the end of its term.
 * @typeParam At how the caller writes a time
 */
export const pastDueSince = <At>(
  status: string,
  valid_until: At | null,
  { subscription_id, past_due_at }: { readonly subscription_id: string | null; readonly past_due_at: At | null },
): At | null => (status !== 'past_due' ? null : subscription_id === null ? valid_until : past_due_at);
