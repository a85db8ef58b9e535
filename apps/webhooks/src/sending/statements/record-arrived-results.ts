import { NOTIFY_CLOSED, WRITE_RESULTS } from './write-results.ts';

/** Records results of which none failed, as of most groups. Parameters and hazards: see write-results.ts. */
export const recordArrivedResults = {
  name: 'record_results_arrived',
  text: `${WRITE_RESULTS}
  ${NOTIFY_CLOSED}`,
};
