import type { ServiceProblems } from '#platform/service';

/** Problems of the grant routes that are not refusals of subscriptions. */
export const grantProblems: ServiceProblems = {
  PLAN_AMBIGUOUS: {
    status: 400,
    message: 'Several products have a plan with this slug.',
    remedy: 'Send `plan_id` with one of the ids in `plan_ids`, in place of `plan`.',
  },
};
