import { Controller } from '@nestjs/common';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import * as contracts from './price-migration.endpoints.ts';
import type { PriceMoveRow } from './price-migration.table.ts';
import { type MigrationProgress, PriceMigrations } from './price-migrations.ts';

@Controller()
export class PriceMigrationController {
  constructor(private readonly migrations: PriceMigrations) {}

  @Endpoint(contracts.migratePrice)
  async migrate({ params, body, principal }: Call<typeof contracts.migratePrice>): Promise<Answer> {
    const { to, at, dry_run = false } = body;
    const started = await this.migrations.start({ from: params.id, to, at, dry_run }, principal);
    return new Answer(202, view(started), { location: `/api/v1/admin/price-migrations/${started.id}` });
  }

  @Endpoint(contracts.listPriceMigrations)
  async list({ query, principal }: Call<typeof contracts.listPriceMigrations>): Promise<unknown> {
    const { limit = DEFAULT_LIMIT, cursor } = query;
    const [before] = decodeCursor(cursor, ['string']).map(String);
    const rows = await this.migrations.page(principal.product_id, before, limit + 1);
    return pageOf(rows, limit, ({ id }) => [id], view);
  }

  @Endpoint(contracts.readPriceMigration)
  async read({ params, principal }: Call<typeof contracts.readPriceMigration>): Promise<unknown> {
    return view(await this.migrations.find(params.id, principal));
  }

  @Endpoint(contracts.listPriceMoves)
  async moves({ params, query, principal }: Call<typeof contracts.listPriceMoves>): Promise<unknown> {
    const { id } = await this.migrations.find(params.id, principal);
    const { limit = DEFAULT_LIMIT, cursor, outcome } = query;
    const [after = ''] = decodeCursor(cursor, ['string']).map(String);
    const rows = await this.migrations.moves(id, { outcome, after, limit: limit + 1 });
    return pageOf(rows, limit, ({ subscription_id }) => [subscription_id], viewMove);
  }
}

const view = (migration: MigrationProgress): contracts.PriceMigration => {
  const { id, from_price_id: from, to_price_id: to, at, dry_run, status, total, moved, skipped, failed } = migration;
  return {
    ...{ id, from, to, at, dry_run, status, total, moved, skipped, failed },
    failures: [...migration.failures],
    created_at: migration.created_at.toISOString(),
    finished_at: migration.finished_at?.toISOString() ?? null,
  };
};

const viewMove = (move: PriceMoveRow): contracts.PriceMove => ({
  subscription_id: move.subscription_id,
  outcome: move.outcome,
  code: move.code,
  from_amount: move.from_amount === null ? null : Number(move.from_amount),
  to_amount: move.to_amount === null ? null : Number(move.to_amount),
  effective_at: move.effective_at?.toISOString() ?? null,
});
