import type { ServiceDescription, ServiceProblem } from '#platform/service';

/** The meaning of a problem document's `code`, and what a caller can do about it. */
export type ProblemType = Required<ServiceProblem>;

/** Problems of the API itself; those of a service are in the service's definition. */
const OF_THE_API: Readonly<Record<string, ProblemType>> = {
  VALIDATION_FAILED: {
    status: 400,
    message: 'A field, a parameter or a header is missing, unknown or of the wrong shape.',
    remedy: '`errors` points at each place and says what is wrong there.',
  },
  INVALID_CURSOR: {
    status: 400,
    message: 'The cursor was not given out by this list.',
    remedy: 'Use `next_cursor` of the previous page unchanged, or start again without a cursor.',
  },
  MALFORMED_JSON: {
    status: 400,
    message: 'The body is not JSON that can be kept exactly.',
    remedy: 'Send UTF-8 JSON, at most 32 levels deep, with whole numbers below 2^53.',
  },
  MALFORMED_REQUEST: {
    status: 400,
    message: 'The request cannot be read as HTTP.',
    remedy: 'Look at the address, the Content-Length and the header lines.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    message: 'The request took too long to arrive.',
    remedy: 'Send it again; send a large body over a faster connection, or in parts.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    message: 'The address and the headers of the request are larger than 16 KiB together.',
    remedy: 'Send fewer or shorter parameters and headers.',
  },
  UNAUTHENTICATED: {
    status: 401,
    message: 'No credential was sent, or not one that is known.',
    remedy: 'Send `Authorization: Bearer kl_…` with an API key that has not been revoked.',
  },
  FORBIDDEN: {
    status: 403,
    message: 'The credential is right and does not reach so far.',
    remedy: 'Use an API key with the scope that `detail` names, or one that is not bound to another product.',
  },
  NOT_FOUND: {
    status: 404,
    message: 'There is nothing at this address.',
    remedy: 'Look the path up in `/api/v1/openapi.json`.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    message: 'The address is there and does not answer to this method.',
    remedy: 'Use one of those that the `Allow` header lists.',
  },
  IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    message: 'The first call under this Idempotency-Key is still being answered.',
    remedy: 'Send the same call again after `Retry-After` seconds.',
  },
  PRECONDITION_FAILED: {
    status: 412,
    message: 'The resource has changed since the ETag in If-Match was read.',
    remedy: 'Read it again, look at what has changed, and send the call with the new ETag.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    message: 'The body is larger than this route takes: 1 MiB, if the documentation says nothing else.',
    remedy: 'Send less at once.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    message: 'The body is of another type than JSON, or its charset is not known.',
    remedy: 'Send `Content-Type: application/json`, or the type and charset that `detail` names.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    message: 'The Idempotency-Key has been used for a call with another body.',
    remedy: 'Make a new key for each call that means something else.',
  },
  RATE_LIMITED: {
    status: 429,
    message: 'The license or the API key has been used more often than is allowed.',
    remedy: 'Wait `Retry-After` seconds. The RateLimit headers show how many calls are left.',
  },
  TOO_MANY_FAILURES: {
    status: 429,
    message: 'Too many calls from this address had no valid credential.',
    remedy: 'Wait `Retry-After` seconds. Calls with a valid key are still served meanwhile.',
  },
  TOO_MANY_STREAMS: {
    status: 429,
    message: 'The credential holds as many event streams open as it may.',
    remedy: 'Close one, or read all that is wanted in one stream and share it out.',
  },
  INTERNAL: {
    status: 500,
    message: 'Something went wrong on our side.',
    remedy: 'Try again; if it stays, tell the operator the `Request-Id` of the answer.',
  },
  TEST_CLOCK_BACKWARDS: {
    status: 409,
    message: 'The test clock only moves forward.',
    remedy: 'Send a time that is not before `now`, or an `advance`. Only a new database begins earlier.',
  },
  TEST_CLOCK_BEHIND: {
    status: 503,
    message: 'The test clock has moved, and not everything that fell due has been done yet.',
    remedy: 'Look at `behind` and at the log, then send the same `to` again.',
  },
  SERVICE_UNAVAILABLE: {
    status: 502,
    message: 'The service that answers this cannot be reached.',
    remedy: 'Try again after `Retry-After` seconds, with the same Idempotency-Key.',
  },
  UNAVAILABLE: {
    status: 503,
    message: 'The service is not available just now.',
    remedy: 'Try again after `Retry-After` seconds, with the same Idempotency-Key.',
  },
  SERVICE_TIMEOUT: {
    status: 504,
    message: 'The service that answers this did not do so in time.',
    remedy: 'Send the same call with the same Idempotency-Key: it is not done twice.',
  },
};

/** What a caller can do about a problem of this status, where its code has no remedy of its own. */
const REMEDIES: Readonly<Record<number, string>> = {
  400: 'Correct the request; unchanged, it will be refused again.',
  403: 'This credential, or this product, does not allow it.',
  404: 'Check the id or key, and that the API key in use may see it.',
  409: 'Read the current state and decide again; the same call may succeed in another state.',
  410: 'It existed and is gone: request a new one.',
  422: 'Correct the request; unchanged, it will be refused again.',
  429: 'Wait for `Retry-After` seconds where it is sent.',
  503: 'The operator has to configure it first.',
};

/** Every code that an answer of this API may carry, by name. */
export const problemTypes = (services: readonly ServiceDescription[]): ReadonlyMap<string, ProblemType> => {
  const ofServices = services.flatMap(({ problems }) =>
    Object.entries(problems).map(([code, problem]): [string, ProblemType] => [
      code,
      { remedy: REMEDIES[problem.status] ?? '', ...problem },
    ]),
  );
  return new Map([...ofServices, ...Object.entries(OF_THE_API)].sort(([a], [b]) => (a < b ? -1 : 1)));
};
