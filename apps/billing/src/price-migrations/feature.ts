import type { Feature } from '#platform/feature';
import { MoveSubscriptions } from './move-subscriptions.ts';
import { PriceMigrationController } from './price-migration.controller.ts';
import { priceMigrationsTable, priceMovesTable } from './price-migration.table.ts';
import { PriceMigrations1790700000000 } from './price-migrations.migration.ts';
import { PriceMigrations } from './price-migrations.ts';
import { PriceMove } from './price-move.ts';

/** Moves subscriptions from old prices to new ones. */
export const priceMigrationsFeature: Feature = {
  migrations: [PriceMigrations1790700000000],
  tables: [priceMigrationsTable, priceMovesTable],
  controllers: [PriceMigrationController],
  providers: [PriceMigrations, PriceMove],
  work: [MoveSubscriptions],
};
