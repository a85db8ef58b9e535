import type { ServiceProblems } from '#platform/service';

/** Problems of the doors for events of payment providers. */
export const providerEventProblems: ServiceProblems = {
  INVALID_SIGNATURE: {
    status: 400,
    message: 'The signature of the event is missing, too old, from the future, or does not fit the body.',
    remedy: 'Send the bytes as the provider signed them, and configure the secret of this webhook at the provider.',
  },
  PROVIDER_EVENT_UNREADABLE: {
    status: 422,
    message: 'The signature is good, but the body is no event of the provider.',
    remedy: 'Look at the event at the provider: it may need a newer release.',
  },
  PROVIDER_EVENT_NOT_FOUND: {
    status: 404,
    message: 'There is no such event of a provider.',
    remedy: 'Use an `id` of `GET /api/v1/admin/provider-events`.',
  },
  PROVIDER_EVENT_FOREIGN: {
    status: 409,
    message: 'The event is of another account, or of live data where we have test data, or the reverse.',
    remedy:
      'Nothing has to be done. If it should have an effect, configure the API key and the account that it belongs to.',
  },
};
