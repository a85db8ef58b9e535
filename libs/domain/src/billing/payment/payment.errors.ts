import { type Refusals, refuser } from '../../shared/refusal.ts';

export type PaymentRefusal = 'PAYMENT_NOT_FOUND' | 'PAYMENT_EXISTS' | 'PAYMENT_NOT_SUCCEEDED';

export const paymentRefusals: Refusals<PaymentRefusal> = {
  PAYMENT_NOT_FOUND: { status: 404, message: 'There is no such payment.' },
  PAYMENT_EXISTS: { status: 409, message: 'There is a payment with this id, for something else.' },
  PAYMENT_NOT_SUCCEEDED: { status: 409, message: 'The payment has not succeeded, so there is nothing to refund.' },
};

export const refusePayment = refuser(paymentRefusals);
