import { productStream } from '#domain/licensing/product/product';
import type { Feature } from '#platform/feature';
import { ProductController } from './product.controller.ts';
import { productsProjection } from './product.projection.ts';
import { productsTable } from './product.table.ts';

export const productsFeature: Feature = {
  tables: [productsTable],
  streams: [productStream],
  projections: [productsProjection],
  controllers: [ProductController],
};
