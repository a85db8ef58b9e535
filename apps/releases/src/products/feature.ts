import type { Feature } from '#platform/feature';
import { productsTable } from './product.table.ts';
import { productsProjection, ProductsSubscription } from './products.subscription.ts';

/** The releases service's copy of the products in licensing. */
export const productsFeature: Feature = {
  tables: [productsTable],
  subscribed: [{ projection: productsProjection, subscription: 'products', sources: ['licensing'] }],
  subscriptions: [ProductsSubscription],
};
