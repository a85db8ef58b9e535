import type { Feature } from '#platform/feature';
import { KnownProducts } from './known-products.ts';
import { KnownProducts1790000004002 } from './product.table.ts';
import { knownProductsProjection, ProductsSubscription } from './products.subscription.ts';

export const productsFeature: Feature = {
  migrations: [KnownProducts1790000004002],
  subscriptions: [ProductsSubscription],
  subscribed: [{ projection: knownProductsProjection, subscription: 'products', sources: ['licensing'] }],
  providers: [KnownProducts],
};
