import type { Sold } from './license.sale.ts';

/**
 * A maximum of a license: that of its plan for each unit. Every rule and every answer about activations, floating sessions and
 * seats uses this function.
 * @param max `max_activations` or `max_seats` of the plan; null = unlimited
 */
export const limitOf = (max: number | null, { quantity }: Pick<Sold, 'quantity'>): number | null =>
  max === null ? null : max * quantity;
