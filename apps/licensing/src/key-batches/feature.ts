import { keyBatchStream } from '#domain/licensing/key-batch/key-batch';
import type { Feature } from '#platform/feature';
import { Codes } from './codes.ts';
import { KeyBatchController } from './key-batch.controller.ts';
import { keyBatchCodesProjection, keyBatchesProjection } from './key-batch.projection.ts';
import { keyBatchCodesTable, keyBatchesTable } from './key-batch.table.ts';
import { RedemptionController } from './redemption.controller.ts';

export const keyBatchesFeature: Feature = {
  tables: [keyBatchesTable, keyBatchCodesTable],
  streams: [keyBatchStream],
  projections: [keyBatchesProjection, keyBatchCodesProjection],
  controllers: [KeyBatchController, RedemptionController],
  providers: [Codes],
};
