import type { Feature } from '#platform/feature';
import { DocumentsController } from './documents.controller.ts';

export const documentsFeature: Feature = {
  controllers: [DocumentsController],
};
