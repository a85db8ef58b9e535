import Type from 'typebox';
import { contractsOf, orNull, text, time } from '../../shared/contract.ts';
import { BILLING_EXAMPLE } from '../billing-example.ts';
import { SUBSCRIPTION_STATUSES } from './subscription.statuses.ts';

const service = 'billing';
const subject = BILLING_EXAMPLE.subscription;

/** What every event says of its subscription, so that a consumer needs no state of its own. */
const fields = {
  product_id: text('The product.'),
  plan_id: text('The plan that it subscribes to now.'),
  price_id: orNull(text('The price that it pays; null for a grant.')),
  subscriber: text('The merchant’s own id of the subscriber.'),
  customer_id: text('The customer that pays. The API has the details of the person.'),
  license_id: text('The license of the subscription: derived from its id, whether it has been issued yet or not.'),
  quantity: Type.Integer({ minimum: 1, description: 'Units; limits of the license are multiplied by it.' }),
  status: Type.Enum([...SUBSCRIPTION_STATUSES], { description: 'The status of the subscription now.' }),
  provider: text('How it is paid: `stripe`, `hyperswitch`, `btcpay`, `bank_transfer`, `none` (free) or `grant`.'),
};
const valid_until = time('Until when its license is valid.');
const invoice_id = text('The invoice.');
const period = {
  period_start: time('The beginning of the period.'),
  period_end: time('The end of the period; the next one begins there.'),
};
const reason = orNull(text('The reason that was given.'));

const on = {
  product_id: BILLING_EXAMPLE.product,
  plan_id: BILLING_EXAMPLE.plan,
  price_id: BILLING_EXAMPLE.price,
  subscriber: 'acme/ada',
  customer_id: BILLING_EXAMPLE.customer,
  license_id: BILLING_EXAMPLE.license,
  quantity: 1,
  status: 'active' as const,
  provider: 'bank_transfer',
};
const month = { period_start: '2026-01-31T09:00:00.000Z', period_end: '2026-02-28T09:00:00.000Z' };
const of = contractsOf({ name: 'subscription', service, subject, fields, example: on });

/** The events of a subscription that are published. Licensing acts on them; merchants see them in webhooks. */
export const subscriptionContracts = [
  of(
    'created',
    'A subscription was created. It gives nothing yet, unless `subscription.activated` follows.',
    {},
    { status: 'pending_payment' },
  ),
  of(
    'activated',
    'A subscription began to give access: its trial began, its first payment arrived, or it needs none.',
    {
      ...period,
      valid_until,
      trial: Type.Boolean({ description: 'The period is a trial.' }),
      recipient_sealed: orNull(
        text('Address, name and language of the customer, sealed for the services of this installation.'),
      ),
    },
    { ...month, valid_until: month.period_end, trial: false, recipient_sealed: null },
  ),
  of(
    'trial_will_end',
    'A trial ends within three days.',
    { trial_end: time('When it ends.') },
    { status: 'trialing', trial_end: month.period_end },
  ),
  of(
    'renewal_upcoming',
    'A yearly subscription renews in thirty days.',
    {
      renews_at: time('When it renews.'),
      currency: text('ISO 4217 in lower case.'),
      amount: Type.Integer({ description: 'Minor units, after discounts, as the price says with or without tax.' }),
    },
    { renews_at: '2028-01-31T09:00:00.000Z', currency: 'usd', amount: 10_000 },
  ),
  of(
    'renewal_invoiced',
    'The next period began and its invoice was issued. The license is valid until the invoice is due.',
    { ...period, invoice_id, due_at: time('When the invoice is due.'), valid_until },
    { ...month, invoice_id: BILLING_EXAMPLE.invoice, due_at: month.period_start, valid_until: month.period_start },
  ),
  of(
    'renewed',
    'The present period is paid, or costs nothing.',
    { ...period, valid_until, invoice_id: orNull(invoice_id) },
    { ...month, valid_until: month.period_end, invoice_id: BILLING_EXAMPLE.invoice },
  ),
  of(
    'past_due',
    'A payment failed or an invoice is overdue. The license works until the grace period ends.',
    { invoice_id, past_due_at: time('Since when.'), grace_until: time('The end of the grace period.') },
    {
      status: 'past_due',
      invoice_id: BILLING_EXAMPLE.invoice,
      past_due_at: '2026-02-28T09:00:00.000Z',
      grace_until: '2026-03-07T09:00:00.000Z',
    },
  ),
  of(
    'reminded',
    'The customer was reminded of an invoice that is past due.',
    { invoice_id, day: Type.Integer({ minimum: 0, description: 'Days since it became past due.' }) },
    { status: 'past_due', invoice_id: BILLING_EXAMPLE.invoice, day: 3 },
  ),
  of(
    'grace_ended',
    'The grace period ended without a payment. The license is suspended until one arrives.',
    { invoice_id, past_due_at: time('Since when.') },
    { status: 'past_due', invoice_id: BILLING_EXAMPLE.invoice, past_due_at: '2026-02-28T09:00:00.000Z' },
  ),
  of(
    'recovered',
    'A payment ended the time past due.',
    { ...period, valid_until, invoice_id },
    { ...month, valid_until: month.period_end, invoice_id: BILLING_EXAMPLE.invoice },
  ),
  of(
    'plan_changed',
    'A subscription has another plan, price or quantity.',
    {
      previous_plan_id: text('The plan before.'),
      previous_price_id: orNull(text('The price before.')),
      previous_quantity: Type.Integer({ minimum: 1 }),
      valid_until,
      invoice_id: orNull(text('The invoice of the change; null = nothing to charge.')),
    },
    {
      previous_plan_id: 'plan_01jd1zv8a2d4gqh6j9k1m3n5p7',
      previous_price_id: null,
      previous_quantity: 1,
      valid_until: month.period_end,
      invoice_id: BILLING_EXAMPLE.invoice,
    },
  ),
  of(
    'change_scheduled',
    'A change of plan, price or quantity was scheduled for the end of the period; null = it was taken back.',
    { effective_at: orNull(time('When it happens.')), to_price_id: orNull(text('The next price.')) },
    { effective_at: month.period_end, to_price_id: BILLING_EXAMPLE.price },
  ),
  of(
    'change_refused',
    'A scheduled change did not fit when it was due: the subscription stays as it is.',
    { to_price_id: text('The price that it would have had.'), reason: text('Code of the refusal.') },
    { to_price_id: BILLING_EXAMPLE.price, reason: 'IN_USE' },
  ),
  of(
    'invoice_blocked',
    'An invoice of the subscription cannot be issued until you mend the reason. It is issued then by itself.',
    {
      invoice_id: text('The id that the invoice will have.'),
      reason: text('Code of the refusal, such as `TAX_RATE_MISSING`.'),
      country: orNull(text('The country whose rate of tax is missing; null for other reasons.')),
    },
    { invoice_id: BILLING_EXAMPLE.invoice, reason: 'TAX_RATE_MISSING', country: 'FR' },
  ),
  of(
    'cancellation_scheduled',
    'A subscription will end with its period; `false` = the cancellation was taken back.',
    { cancel_at_period_end: Type.Boolean(), ends_at: orNull(time('When it ends.')), reason },
    { cancel_at_period_end: true, ends_at: month.period_end, reason: 'too expensive' },
  ),
  of(
    'canceled',
    'A subscription ended by a cancellation, or because it was not paid (`unpaid`).',
    { reason, valid_until },
    { status: 'canceled', reason: 'too expensive', valid_until: month.period_end },
  ),
  of(
    'expired',
    'A subscription ended by itself: its first payment did not arrive, or its grant is over.',
    { reason: text('`payment_window`, `payment_failed`, `invoice_voided` or `grant_ended`.') },
    { status: 'expired', reason: 'payment_window' },
  ),
  of(
    'paused',
    'A subscription is paused: nothing is charged. The license follows the pause policy of the plan.',
    { resumes_at: orNull(time('When it goes on by itself.')) },
    { status: 'paused', resumes_at: null },
  ),
  of(
    'unpaused',
    'A paused subscription goes on.',
    { ...period, valid_until },
    { ...month, valid_until: month.period_end },
  ),
  of(
    'granted',
    'A subscription was given without a payment, or extended. `subscription.activated` or `subscription.renewed` comes with it.',
    {
      extended: Type.Boolean({ description: 'It was given before, and lasts longer now.' }),
      period_end: time('When the grant ends.'),
      reason: text('The reason that was given.'),
    },
    { price_id: null, provider: 'grant', extended: false, period_end: month.period_end, reason: 'beta tester' },
  ),
  of(
    'refunded',
    'The present period was refunded in full: the license follows the refund policy of the plan.',
    { invoice_id, reason },
    { invoice_id: BILLING_EXAMPLE.invoice, reason: null },
  ),
  of(
    'disputed',
    'A payment of the subscription is disputed (`opened`), or its dispute was decided.',
    { invoice_id, dispute: Type.Enum(['opened', 'won', 'lost']) },
    { invoice_id: BILLING_EXAMPLE.invoice, dispute: 'opened' },
  ),
  of(
    'discount_changed',
    'A subscription has another discount; null = none.',
    { coupon_id: orNull(text('The coupon.')) },
    { coupon_id: 'cpn_01jd30g6h8j1k3m5n7p9q2r4st' },
  ),
];
