import type { ServiceProblems } from '#platform/service';

/** Problems of moving subscriptions between prices, beside the refusals of prices and subscriptions. */
export const priceMigrationProblems: ServiceProblems = {
  SAME_PRICE: {
    status: 400,
    message: 'The subscriptions have this price already.',
    remedy: 'Name another price in `to`.',
  },
  PRICE_MIGRATION_NOT_FOUND: {
    status: 404,
    message: 'There is no such migration of prices.',
    remedy: 'Use the id that `POST /api/v1/admin/prices/{id}/migrate` answered.',
  },
};
