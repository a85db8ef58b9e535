import type { Feature } from '#platform/feature';
import { KnownProducts } from './known-products.ts';
import { knownProductsTable } from './product.table.ts';
import { knownProductsProjection, ProductsSubscription } from './products.subscription.ts';

export const productsFeature: Feature = {
  tables: [knownProductsTable],
  subscriptions: [ProductsSubscription],
  subscribed: [{ projection: knownProductsProjection, subscription: 'products', sources: ['licensing'] }],
  providers: [KnownProducts],
};
