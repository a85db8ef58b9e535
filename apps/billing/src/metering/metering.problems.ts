import type { ServiceProblems } from '#platform/service';

/** Problems of reporting usage to meters. */
export const meteringProblems: ServiceProblems = {
  METERED_DELTA_NOT_FOUND: {
    status: 404,
    message: 'There is no such delta of usage.',
    remedy: 'Use an `id` of `GET /api/v1/admin/metering`.',
  },
  METERED_DELTA_REPORTED: {
    status: 409,
    message: 'The meter has this usage already.',
    remedy: 'Nothing has to be done.',
  },
};
