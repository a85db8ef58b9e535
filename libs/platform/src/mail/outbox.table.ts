import type { SealedColumn } from '../crypto/sealed-column.ts';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { integer, text, time } from '../database/column.ts';
import { defineTable, type RowOf } from '../database/table.ts';

/** Mails to be sent. A mail that was sent is deleted; its id goes to `sent_mails`. */
export const mailsTable = defineTable(
  'mails',
  {
    id: text().key(),
    /** The mail, encrypted: it may contain a token that is stored nowhere else. */
    sealed: text(),
    attempts: integer().default(0),
    /** When it is tried next, or, while it is sent, the end of its sender's lease; null = the server refused it permanently. */
    due_at: time()
      .orNull()
      .default(() => 'now()'),
    last_error: text().orNull(),
    created_at: time().default(() => 'now()'),
  },
  { indices: [{ name: 'mails_due_at', columns: ['due_at'], where: 'due_at is not null' }] },
);

export type MailRow = RowOf<typeof mailsTable>;

/** Creates the table in each service that has the feature. */
export class Mails1790000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
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

/**
 * Days for which ids of sent mails are kept, and days after which an event is not mailed any more. The first is longer: an event whose
 * mail may be forgotten is too old to be mailed again.
 */
export const SENT_KEPT_DAYS = 100;
export const MAILED_DAYS = 90;

/** Ids of mails that were sent: an event that is handled again writes no second mail. */
export const sentMailsTable = defineTable(
  'sent_mails',
  { id: text().key(), sent_at: time().default(() => 'now()') },
  { indices: [{ name: 'sent_mails_sent_at', columns: ['sent_at'] }] },
);

/** Remembers which mails were sent. */
export class SentMails1790400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table sent_mails (id text primary key, sent_at timestamptz not null default now())');
    await runner.query('create index sent_mails_sent_at on sent_mails (sent_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sent_mails');
  }
}

export const SEALED_MAILS: SealedColumn = {
  table: 'mails',
  key: 'id',
  column: 'sealed',
  purpose: 'mail',
  context: (id) => id,
};
