import { refuse } from '#domain/licensing/license/license.errors';
import type { LicenseEvent } from '#domain/licensing/license/license';
import { tableProjection } from '#events/projection/table';
import { UniqueViolationError } from '#events/store';
import { ONE_TRIAL, type TrialRow, trialsTable } from './trial.table.ts';

/** Trials, a row each: in the transaction that would give a customer a second one, its unique index says no. */
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

/** For `catch`: that a customer has had a trial is a refusal; everything else stays what it is. @throws */
export const trialUsed = (error: unknown): never => {
  if (error instanceof UniqueViolationError && error.constraint === ONE_TRIAL) return refuse('TRIAL_USED');
  throw error;
};
