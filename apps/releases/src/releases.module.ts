import { Module } from '@nestjs/common';
import { ServiceModule } from '#platform/service.module';
import type { ServiceDefinition } from '#platform/service';
import { Products1790000003000 } from './products/product.table.ts';
import { productsProjection, ProductsSubscription } from './products/products.subscription.ts';

/** Releases, artifacts and update feeds are to come; what is here already keeps the products that it hears of from licensing. */
export const releasesService: ServiceDefinition = {
  name: 'releases',
  entities: [],
  migrations: [Products1790000003000],
  streams: [],
  projections: [],
  subscribed: [{ projection: productsProjection, subscription: 'products', sources: ['licensing'] }],
  contracts: [],
};

@Module({
  imports: [ServiceModule.forService(releasesService)],
  controllers: [ProductsSubscription],
})
export class ReleasesModule {}
