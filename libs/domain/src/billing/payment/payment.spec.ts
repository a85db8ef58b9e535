import { specification } from '../../../testing/given.ts';
import { decidePayment, type PaymentCommand, type PaymentObservation } from './payment.commands.ts';
import { type OfPayment, paymentStream, type PaymentEvent, shownStatus } from './payment.ts';

const AT = '2026-01-31T09:00:00.000Z';
const LATER = '2026-01-31T10:00:00.000Z';

const of: OfPayment = {
  invoice_id: 'inv_1',
  product_id: 'prod_1',
  customer_id: 'cus_1',
  subscription_id: 'sub_1',
  attempt: 0,
  provider: 'hyperswitch',
  currency: 'eur',
  amount: 10_000,
};
const created: PaymentEvent = {
  type: 'payment.created',
  ...of,
  off_session: true,
  idempotency_key: 'sub_1',
  created_at: AT,
};
const observe = (state: PaymentObservation['state'], more: Partial<PaymentObservation> = {}): PaymentCommand => ({
  type: 'ObservePayment',
  observation: {
    state,
    provider_id: 'hs_1',
    amount: 10_000,
    currency: 'eur',
    error: state === 'failed' ? 'card_declined' : null,
    final: state === 'failed' || state === 'canceled',
    observed_at: AT,
    ...more,
  },
});
const given = specification({ ...paymentStream, decide: decidePayment });
const after = (...commands: readonly PaymentCommand[]): PaymentEvent[] => {
  const events: PaymentEvent[] = [created];
  for (const command of commands)
    events.push(...decidePayment(command, events.reduce(paymentStream.evolve, paymentStream.initialState)));
  return events;
};

describe('a payment', () => {
  it('is created once for an attempt', () => {
    const create: PaymentCommand = { type: 'CreatePayment', of, off_session: true, idempotency_key: 'sub_1', now: AT };
    given().when(create).then([created]);
    given(created).when(create).thenNothing();
    given(created)
      .when({ ...create, of: { ...of, invoice_id: 'inv_2' } })
      .thenRefused('PAYMENT_EXISTS');
    given()
      .when({ ...create, of: { ...of, amount: 0 } })
      .thenRefused('INVALID_AMOUNT');
  });

  it('is to be canceled once, unless it has succeeded or failed for good', () => {
    const cancel: PaymentCommand = { type: 'RequestPaymentCancel', now: LATER };
    given(...after(observe('requires_action')))
      .when(cancel)
      .then([{ type: 'payment.cancel_requested', ...of, requested_at: LATER }]);
    given(...after(observe('failed', { final: false })))
      .when(cancel)
      .thenMatches([{ type: 'payment.cancel_requested' }]);
    for (const before of [[cancel], [observe('succeeded')], [observe('failed')], [observe('canceled')]])
      given(...after(...before))
        .when(cancel)
        .thenNothing();
    given(...after(cancel))
      .when(observe('succeeded', { observed_at: LATER }))
      .thenMatches([{ type: 'payment.succeeded', amount: 10_000 }]);
  });

  it('that an operator enters has succeeded', () => {
    const record: PaymentCommand = {
      type: 'RecordManualPayment',
      of,
      method: 'cash',
      reference: null,
      paid_at: AT,
      now: LATER,
    };
    given()
      .when(record)
      .thenMatches([{ type: 'payment.created' }, { type: 'payment.succeeded', paid_at: AT, method: 'cash' }]);
    given(...after(observe('succeeded')))
      .when(record)
      .thenNothing();
    // It has paid all that was due: repeated, it finds nothing due.
    given(...after(observe('succeeded')))
      .when({ ...record, of: { ...of, amount: 0 } })
      .thenNothing();
  });

  it('is unknown without its creation', () => {
    given().when(observe('succeeded')).thenRefused('PAYMENT_NOT_FOUND');
  });

  it('succeeds once, with what arrived', () => {
    given(created)
      .when(observe('succeeded', { amount: 9_000, currency: 'usd' }))
      .thenMatches([{ type: 'payment.succeeded', amount: 9_000, currency: 'usd', paid_at: AT }]);
    given(...after(observe('succeeded')))
      .when(observe('succeeded'))
      .thenNothing();
    given(...after(observe('succeeded')))
      .when(observe('failed', { observed_at: LATER }))
      .thenNothing();
  });

  it('that was given up is recorded nevertheless if money arrives', () => {
    given(...after(observe('failed')))
      .when(observe('succeeded', { observed_at: LATER }))
      .thenMatches([{ type: 'payment.succeeded' }]);
    given(...after(observe('canceled')))
      .when(observe('succeeded'))
      .thenMatches([{ type: 'payment.succeeded' }]);
  });

  it('does not go back for an old or repeated observation', () => {
    given(...after(observe('requires_action', { observed_at: LATER })))
      .when(observe('processing'))
      .thenNothing();
    given(...after(observe('failed')))
      .when(observe('processing', { observed_at: LATER }))
      .thenNothing();
    given(...after(observe('processing')))
      .when(observe('processing', { observed_at: LATER }))
      .thenNothing();
  });

  it('may be tried again after a failure that is not final', () => {
    given(...after(observe('failed', { final: false })))
      .when(observe('requires_action', { observed_at: LATER }))
      .thenMatches([{ type: 'payment.requires_action' }]);
  });
});

describe('a refund of a payment', () => {
  const request = (refund_id: string, amount: number): PaymentCommand => ({
    type: 'RequestPaymentRefund',
    refund_id,
    amount,
    reason: null,
    now: LATER,
  });
  const observed = (refund_id: string, amount: number, state: 'pending' | 'succeeded' | 'failed'): PaymentCommand => ({
    type: 'ObserveRefund',
    refund_id,
    amount,
    observation: { state, error: null },
  });
  const paid = observe('succeeded');

  it('needs a payment that succeeded, and is at most what is left of it', () => {
    given(created).when(request('ref_1', 1)).thenRefused('PAYMENT_NOT_SUCCEEDED');
    given(...after(paid, request('ref_1', 6_000)))
      .when(request('ref_2', 4_001))
      .thenRefused('REFUND_EXCEEDS_PAYMENT', { refundable: 4_000 });
    given(...after(paid))
      .when(request('ref_1', 1.5))
      .thenRefused('INVALID_AMOUNT');
    given(...after(paid, request('ref_1', 6_000)))
      .when(request('ref_1', 6_000))
      .thenNothing();
  });

  it('is recorded once', () => {
    given(...after(paid, request('ref_1', 6_000)))
      .when(observed('ref_1', 6_000, 'succeeded'))
      .thenMatches([{ type: 'payment.refunded', refunded: 6_000, amount_refunded: 6_000, full: false }]);
    given(...after(paid, request('ref_1', 10_000), observed('ref_1', 10_000, 'succeeded')))
      .when(observed('ref_1', 10_000, 'succeeded'))
      .thenNothing();
  });

  it('that was made at the provider itself is recorded, too', () => {
    given(...after(paid))
      .when(observed('ref_9', 10_000, 'succeeded'))
      .thenMatches([{ type: 'payment.refunded', refund_id: 'ref_9', full: true }]);
  });

  it('that failed leaves the payment as it was', () => {
    given(...after(paid, request('ref_1', 10_000)))
      .when(observed('ref_1', 10_000, 'failed'))
      .thenMatches([{ type: 'payment.refund_failed', error: 'refund_failed' }]);
    given(...after(paid, request('ref_1', 10_000), observed('ref_1', 10_000, 'failed')))
      .when(request('ref_2', 10_000))
      .thenMatches([{ type: 'payment.refund_requested' }]);
  });

  it('shows in the status', () => {
    const statusAfter = (...commands: readonly PaymentCommand[]): string => {
      const state = after(...commands).reduce(paymentStream.evolve, paymentStream.initialState);
      return state.status === 'none' ? 'none' : shownStatus(state);
    };
    expect(statusAfter(paid)).toBe('succeeded');
    expect(statusAfter(paid, observed('ref_1', 1, 'succeeded'))).toBe('partially_refunded');
    expect(statusAfter(paid, observed('ref_1', 10_000, 'succeeded'))).toBe('refunded');
  });
});
