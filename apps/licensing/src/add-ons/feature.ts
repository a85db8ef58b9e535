import { addOnStream } from '#domain/licensing/add-on/add-on';
import type { Feature } from '#platform/feature';
import { AddOnController } from './add-on.controller.ts';
import { addOnsProjection } from './add-on.projection.ts';
import { addOnsTable } from './add-on.table.ts';

export const addOnsFeature: Feature = {
  tables: [addOnsTable],
  streams: [addOnStream],
  projections: [addOnsProjection],
  controllers: [AddOnController],
};
