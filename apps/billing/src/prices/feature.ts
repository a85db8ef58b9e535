import { priceStream } from '#domain/billing/price/price';
import type { Feature } from '#platform/feature';
import { PriceController } from './price.controller.ts';
import { pricesProjection } from './price.projection.ts';
import { pricesTable } from './price.table.ts';
import { Prices1790100000000 } from './prices.migration.ts';
import { Prices } from './prices.ts';

/** What plans cost. */
export const pricesFeature: Feature = {
  migrations: [Prices1790100000000],
  tables: [pricesTable],
  streams: [priceStream],
  projections: [pricesProjection],
  controllers: [PriceController],
  providers: [Prices],
};
