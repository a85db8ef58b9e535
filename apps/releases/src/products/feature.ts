import type { Feature } from '#platform/feature';
import { Products1790000003000 } from './product.table.ts';
import { productsProjection, ProductsSubscription } from './products.subscription.ts';

/** The products that releases knows of licensing. */
export const productsFeature: Feature = {
  migrations: [Products1790000003000],
  subscribed: [{ projection: productsProjection, subscription: 'products', sources: ['licensing'] }],
  subscriptions: [ProductsSubscription],
};
