import { refuse } from '#domain/licensing/license/license.errors';
import type { LicenseEvent } from '#domain/licensing/license/license';
import { tableProjection } from '#events/projection/table';
import { UniqueViolationError } from '#events/store';
import { ONE_TRIAL, type TrialRow, trialsTable } from './trial.table.ts';

/** One row per trial. A unique constraint fails the transaction that would give a customer a second trial of a product. */
export const trialsProjection = tableProjection<TrialRow, LicenseEvent>({
  table: trialsTable,
  types: ['license.trial_started'],
  id: ({ id }) => id,
  evolve: (row, { id, stream_id, event }) => {
    if (event.type !== 'license.trial_started') return row;
    const { product_id, customer_id } = event;
    return { id, license_id: stream_id, product_id, customer_id };
  },
});

/** For `catch`: turns the violation of that constraint into a refusal, and throws any other error again. @throws */
export const trialUsed = (error: unknown): never => {
  if (error instanceof UniqueViolationError && error.constraint === ONE_TRIAL) return refuse('TRIAL_USED');
  throw error;
};
