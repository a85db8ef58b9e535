import type { Time } from '../../shared/time.ts';
import { type ChangeItem, changeItem } from './subscription.changes.ts';
import type { Discount } from './subscription.discount.ts';
import { type Cancel, cancel, type Refunded, refunded, resume } from './subscription.ending.ts';
import { refuseSubscription } from './subscription.errors.ts';
import { type Grant, grant } from './subscription.grant.ts';
import { observe, type ObserveSubscription } from './subscription.mirror.ts';
import { type Pause, pause, unpause } from './subscription.pause.ts';
import { type InvoiceMissed, invoiceMissed, type InvoiceSettled, invoiceSettled } from './subscription.payments.ts';
import { type Restart, restart, type Subscribe, subscribe } from './subscription.start.ts';
import { type LetTimePass, letTimePass } from './subscription.time.ts';
import { onSubscription, type SubscriptionEvent } from './subscription.events.ts';
import type { Subscription, SubscriptionState } from './subscription.ts';

export type SubscriptionCommand =
  | Subscribe
  | Restart
  | Grant
  | LetTimePass
  | InvoiceSettled
  | InvoiceMissed
  | ChangeItem
  | Cancel
  | { readonly type: 'Resume' }
  | Pause
  | { readonly type: 'Unpause'; readonly now: Time }
  | { readonly type: 'SetDiscount'; readonly discount: Discount | null }
  | Refunded
  | ObserveSubscription
  | ({ readonly type: 'BlockInvoice' } & Blocked)
  | { readonly type: 'Disputed'; readonly invoice_id: string; readonly dispute: 'opened' | 'won' | 'lost' };

/** Not for a subscription that a provider bills: these are done there, and observed. */
const OURS: ReadonlySet<SubscriptionCommand['type']> = new Set<SubscriptionCommand['type']>([
  'ChangeItem',
  'Cancel',
  'Resume',
  'Pause',
  'Unpause',
  'SetDiscount',
]);

export const decideSubscription = (
  command: SubscriptionCommand,
  state: SubscriptionState,
): readonly SubscriptionEvent[] => {
  if (command.type === 'Grant') return grant(command, state);
  if (command.type === 'Subscribe')
    return state.status === 'none' ? subscribe(command) : refuseSubscription('SUBSCRIPTION_EXISTS');
  // It is repeated after a crash.
  if (command.type === 'Restart') return state.status === 'none' ? restart(command) : [];
  if (state.status === 'none') return refuseSubscription('SUBSCRIPTION_NOT_FOUND');
  if (state.biller !== 'keyledger' && OURS.has(command.type))
    return refuseSubscription('BILLED_BY_PROVIDER', { provider: state.provider });
  switch (command.type) {
    case 'LetTimePass':
      return letTimePass(command, state);
    case 'InvoiceSettled':
      return invoiceSettled(command, state);
    case 'InvoiceMissed':
      return invoiceMissed(command, state);
    case 'ChangeItem':
      return changeItem(command, state);
    case 'Cancel':
      return cancel(command, state);
    case 'Resume':
      return resume(state);
    case 'Pause':
      return pause(command, state);
    case 'Unpause':
      return unpause(command, state);
    case 'SetDiscount':
      return setDiscount(command.discount, state);
    case 'Refunded':
      return refunded(command, state);
    case 'ObserveSubscription':
      return observe(command, state);
    case 'BlockInvoice':
      return blockInvoice(command, state);
    case 'Disputed':
      return [
        {
          type: 'subscription.disputed',
          ...onSubscription(state, state.status),
          invoice_id: command.invoice_id,
          dispute: command.dispute,
        },
      ];
    default:
      return command satisfies never;
  }
};

interface Blocked {
  readonly invoice_id: string;
  readonly reason: string;
  readonly country: string | null;
}

/** It is told once of each invoice, however often it is tried to issue it. */
const blockInvoice = ({ invoice_id, reason, country }: Blocked, state: Subscription): readonly SubscriptionEvent[] =>
  state.blocked.includes(invoice_id)
    ? []
    : [{ type: 'subscription.invoice_blocked', ...onSubscription(state, state.status), invoice_id, reason, country }];

const setDiscount = (discount: Discount | null, state: Subscription): readonly SubscriptionEvent[] => {
  if (state.status === 'canceled' || state.status === 'expired')
    return refuseSubscription('INVALID_TRANSITION', { status: state.status });
  if (state.discount?.coupon_id === discount?.coupon_id) return [];
  return [
    {
      type: 'subscription.discount_changed',
      ...onSubscription(state, state.status),
      coupon_id: discount?.coupon_id ?? null,
      discount,
    },
  ];
};
