import type { Feature } from '#platform/feature';
import { ActivationController } from './activation.controller.ts';
import { ActivationList } from './activation.list.ts';
import { activationsProjection } from './activation.projection.ts';
import { activationsTable } from './activation.table.ts';
import { GivingUp } from './giving-up.ts';
import { OwnActivationController } from './own-activation.controller.ts';
import { ReleaseUnseen } from './release-unseen.ts';

export const activationsFeature: Feature = {
  tables: [activationsTable],
  projections: [activationsProjection],
  controllers: [ActivationController, OwnActivationController],
  providers: [ActivationList, GivingUp],
  work: [ReleaseUnseen],
};
