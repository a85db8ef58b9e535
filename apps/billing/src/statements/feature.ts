import type { Feature } from '#platform/feature';
import { StatementController } from './statement.controller.ts';
import { Statements } from './statements.ts';

/** Statements of customers. */
export const statementsFeature: Feature = {
  controllers: [StatementController],
  providers: [Statements],
};
