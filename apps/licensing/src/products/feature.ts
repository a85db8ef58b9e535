import { productStream } from '#domain/licensing/product/product';
import type { Feature } from '#platform/feature';
import { ProductController } from './product.controller.ts';
import { productsProjection } from './product.projection.ts';
import { Products1790000010000 } from './product.table.ts';

export const productsFeature: Feature = {
  migrations: [Products1790000010000],
  streams: [productStream],
  projections: [productsProjection],
  controllers: [ProductController],
};
