import type { ServiceProblems } from '#platform/service';

/** Problems of payments that are not refusals of the rules. */
export const paymentProblems: ServiceProblems = {
  PAYMENT_PROVIDER_UNAVAILABLE: {
    status: 502,
    message: 'The payment provider did not answer.',
    remedy: 'Send the same call again: what was started before is not started twice.',
  },
};
