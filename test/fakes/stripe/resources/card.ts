import type { PaymentMethod } from '../objects.ts';
import { nulls, type World } from '../world.ts';

/**
 * How a card behaves. `declines_first` declines one attempt, `declines_on_renewal` all without the customer; `authenticates`
 * wants 3-D Secure each time (and declines without the customer), `authenticates_first` only while the customer is there.
 * `settles_later` is a bank debit: its payments are processing until a test settles them.
 */
export const BEHAVIORS = [
  'succeeds',
  'declines',
  'declines_first',
  'declines_on_renewal',
  'authenticates',
  'authenticates_first',
  'settles_later',
] as const;
export type CardBehavior = (typeof BEHAVIORS)[number];

/** Ids that stand for a card at Stripe too: each use makes a new payment method. */
export const TEST_CARDS: Readonly<Record<string, CardBehavior>> = {
  pm_card_visa: 'succeeds',
  pm_card_chargeCustomerFail: 'declines',
  pm_card_authenticationRequired: 'authenticates',
  pm_card_authenticationRequiredOnSetup: 'authenticates_first',
};

export type Outcome =
  | { readonly kind: 'succeeded' | 'action' | 'processing' }
  | { readonly kind: 'declined'; readonly code: string; readonly decline_code: string; readonly message: string };

const DECLINED: Outcome = {
  kind: 'declined',
  code: 'card_declined',
  decline_code: 'generic_decline',
  message: 'Your card was declined.',
};
const INSUFFICIENT: Outcome = {
  kind: 'declined',
  code: 'card_declined',
  decline_code: 'insufficient_funds',
  message: 'Your card has insufficient funds.',
};
const UNAUTHENTICATED: Outcome = {
  kind: 'declined',
  code: 'authentication_required',
  decline_code: 'authentication_required',
  message: 'Your card was declined. This transaction requires authentication.',
};

/** Attempts a charge or a setup. */
export const attempt = (
  world: World,
  method: string,
  how: { readonly off_session: boolean; readonly authenticated?: boolean },
): Outcome => {
  const attempts = (world.attempts.get(method) ?? 0) + 1;
  world.attempts.set(method, attempts);
  switch (world.cards.get(method)) {
    case 'declines':
      return DECLINED;
    case 'declines_first':
      return attempts === 1 ? DECLINED : { kind: 'succeeded' };
    case 'declines_on_renewal':
      return how.off_session ? INSUFFICIENT : { kind: 'succeeded' };
    case 'authenticates':
      if (how.off_session) return UNAUTHENTICATED;
      return { kind: how.authenticated ? 'succeeded' : 'action' };
    case 'authenticates_first':
      return { kind: how.off_session || how.authenticated ? 'succeeded' : 'action' };
    case 'settles_later':
      return { kind: 'processing' };
    default:
      return { kind: 'succeeded' };
  }
};

/** A new payment method; cards of one behavior have one fingerprint unless a test gives others. */
export const newCard = (world: World, behavior: CardBehavior, fingerprint = `fp_${behavior}`): PaymentMethod => {
  const made = world.made('payment_method', 'pm');
  const billing_details = { ...nulls('address email name phone tax_id') };
  const method: PaymentMethod =
    behavior === 'settles_later'
      ? {
          ...{ billing_details, customer_account: null, allow_redisplay: 'unspecified' },
          ...{
            sepa_debit: { ...nulls('bank_code branch_code generated_from'), country: 'DE', fingerprint, last4: '3000' },
          },
          ...made,
          customer: null,
          metadata: {},
          type: 'sepa_debit',
        }
      : {
          ...{ billing_details, customer_account: null, allow_redisplay: 'unspecified' },
          ...made,
          customer: null,
          metadata: {},
          type: 'card',
          card: Object.assign(
            {
              ...nulls('generated_from wallet'),
              ...{ country: 'US', display_brand: 'visa', exp_month: 8, exp_year: 2099, funding: 'credit' },
              ...{
                checks: nulls('address_line1_check address_postal_code_check cvc_check'),
                regulated_status: 'unregulated',
              },
              ...{ networks: { available: ['visa'], preferred: null }, three_d_secure_usage: { supported: true } },
            },
            { brand: 'visa', fingerprint, last4: '4242' },
          ),
        };
  world.paymentMethods.add(method);
  world.cards.set(method.id, behavior);
  return method;
};
