import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PriceMigrations1790700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table price_migrations (
        id text primary key,
        product_id text not null,
        from_price_id text not null,
        to_price_id text not null,
        at text not null,
        dry_run boolean not null,
        status text not null,
        actor jsonb not null,
        created_at timestamptz not null,
        finished_at timestamptz
      );
      create index price_migrations_running on price_migrations (id) where status = 'running';
      create table price_moves (
        migration_id text not null,
        subscription_id text not null,
        outcome text,
        code text,
        from_amount bigint,
        to_amount bigint,
        effective_at timestamptz,
        primary key (migration_id, subscription_id),
        constraint price_moves_migration_id_fkey
          foreign key (migration_id) references price_migrations (id) on delete cascade
      );
      create index price_moves_open on price_moves (migration_id, subscription_id) where outcome is null;
      create index price_moves_failed on price_moves (migration_id, subscription_id) where outcome = 'failed'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table price_moves; drop table price_migrations');
  }
}
