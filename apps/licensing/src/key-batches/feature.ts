import { keyBatchStream } from '#domain/licensing/key-batch/key-batch';
import type { Feature } from '#platform/feature';
import { Codes } from './codes.ts';
import { KeyBatchController } from './key-batch.controller.ts';
import { keyBatchCodesProjection, keyBatchesProjection } from './key-batch.projection.ts';
import { KeyBatches1790000062000 } from './key-batch.table.ts';
import { RedemptionController } from './redemption.controller.ts';

export const keyBatchesFeature: Feature = {
  migrations: [KeyBatches1790000062000],
  streams: [keyBatchStream],
  projections: [keyBatchesProjection, keyBatchCodesProjection],
  controllers: [KeyBatchController, RedemptionController],
  providers: [Codes],
};
