import type { Feature } from '#platform/feature';
import { ActivationController } from './activation.controller.ts';
import { ActivationList } from './activation.list.ts';
import { activationsProjection } from './activation.projection.ts';
import { Activations1790000082000 } from './activation.table.ts';
import { GivingUp } from './giving-up.ts';
import { OwnActivationController } from './own-activation.controller.ts';
import { ReleaseUnseen } from './release-unseen.ts';

export const activationsFeature: Feature = {
  migrations: [Activations1790000082000],
  projections: [activationsProjection],
  controllers: [ActivationController, OwnActivationController],
  providers: [ActivationList, GivingUp],
  work: [ReleaseUnseen],
};
