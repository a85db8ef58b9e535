import type { Actor } from '#events/event';
import { bigint, boolean, json, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Moves of subscriptions from a price to another one. Not projected from events. */
export const priceMigrationsTable = defineTable(
  'price_migrations',
  {
    id: text().key(),
    product_id: text(),
    from_price_id: text(),
    to_price_id: text(),
    at: text<'now' | 'period_end'>(),
    dry_run: boolean(),
    status: text<'running' | 'done'>(),
    /** Actor of the events. */
    actor: json<Actor>(),
    created_at: time(),
    finished_at: time().orNull(),
  },
  { indices: [{ name: 'price_migrations_running', columns: ['id'], where: "status = 'running'" }] },
);

export type PriceMigrationRow = RowOf<typeof priceMigrationsTable>;

/** `moved` in a dry run: it would be moved. */
export const MOVE_OUTCOMES = ['moved', 'skipped', 'failed'] as const;
export type MoveOutcome = (typeof MOVE_OUTCOMES)[number];

/** The subscriptions of a migration: those that had the price when it began. */
export const priceMovesTable = defineTable(
  'price_moves',
  {
    migration_id: text().key(),
    subscription_id: text().key(),
    /** null = not attended to yet. */
    outcome: text<MoveOutcome>().orNull(),
    /** Why it was not moved. */
    code: text().orNull(),
    /** What a period costs before and after, without discounts, in minor units. */
    from_amount: bigint().orNull(),
    to_amount: bigint().orNull(),
    effective_at: time().orNull(),
  },
  {
    indices: [
      { name: 'price_moves_open', columns: ['migration_id', 'subscription_id'], where: 'outcome is null' },
      { name: 'price_moves_failed', columns: ['migration_id', 'subscription_id'], where: "outcome = 'failed'" },
    ],
    foreignKeys: [
      {
        name: 'price_moves_migration_id_fkey',
        target: priceMigrationsTable,
        columnNames: ['migration_id'],
        referencedColumnNames: ['id'],
        onDelete: 'CASCADE',
      },
    ],
  },
);

export type PriceMoveRow = RowOf<typeof priceMovesTable>;
