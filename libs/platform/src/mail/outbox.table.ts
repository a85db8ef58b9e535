import type { SealedColumn } from '../crypto/sealed-column.ts';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table of `MailOutbox`. A service that sends mails lists this among its migrations. */
export class Mails1790000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // `sealed` is the mail, encrypted: it may hold a token that stands nowhere else. A mail that was sent is deleted.
    await runner.query(`
      create table mails (
        id text primary key,
        sealed text not null,
        attempts integer not null default 0,
        due_at timestamptz default now(),
        last_error text,
        created_at timestamptz not null default now()
      )`);
    await runner.query('create index mails_due_at on mails (due_at) where due_at is not null');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table mails');
  }
}

/** A service that has this table lists it among its sealed columns. */
export const SEALED_MAILS: SealedColumn = {
  table: 'mails',
  key: 'id',
  column: 'sealed',
  purpose: 'mail',
  context: (id) => id,
};
