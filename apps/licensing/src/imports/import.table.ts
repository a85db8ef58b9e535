import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Imports under way and done: what was sent, how far it is, and which lines were refused. Bookkeeping beside the events. */
export class Imports1790000030000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table imports (
        id text primary key,
        product_id text,
        actor jsonb not null,
        status text not null,
        lines integer not null default 0,
        done integer not null default 0,
        issued integer not null default 0,
        unchanged integer not null default 0,
        refused integer not null default 0,
        created_at timestamptz not null default now(),
        finished_at timestamptz
      )`);
    await runner.query(`create index imports_running on imports (id) where status = 'running'`);
    await runner.query(`
      create table import_lines (
        import_id text not null references imports on delete cascade,
        n integer not null,
        line integer not null,
        record jsonb,
        fault text,
        primary key (import_id, n)
      )`);
    await runner.query(`
      create table import_refusals (
        import_id text not null references imports on delete cascade,
        line integer not null,
        external_id text,
        reason text not null,
        primary key (import_id, line)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['import_refusals', 'import_lines', 'imports']) await runner.query(`drop table ${table}`);
  }
}

export interface ImportRow {
  readonly id: string;
  readonly product_id: string | null;
  readonly actor: { readonly type: string; readonly id: string };
  readonly status: 'receiving' | 'running' | 'finished';
  /** Lines with something in them, without a heading. */
  readonly lines: number;
  readonly done: number;
  readonly issued: number;
  readonly unchanged: number;
  readonly refused: number;
  readonly created_at: Date;
  readonly finished_at: Date | null;
}
