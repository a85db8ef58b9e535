import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A batch as it is listed. What decides is its stream. */
export interface KeyBatchRow {
  readonly id: string;
  readonly version: number;
  readonly product_id: string;
  readonly plan_id: string;
  readonly name: string;
  readonly status: 'active' | 'voided';
  readonly count: number;
  readonly redeemed: number;
  readonly redeem_until: Date | null;
}

export class KeyBatches1790000062000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table key_batches (
        id text primary key,
        version integer not null,
        product_id text not null,
        plan_id text not null,
        name text not null,
        status text not null,
        count integer not null,
        redeemed integer not null,
        redeem_until timestamptz
      )`);
    await runner.query('create index key_batches_product_id on key_batches (product_id, id)');
    await runner.query(`
      create table key_batch_codes (
        batch_id text not null,
        -- place in the batch, from 1
        number integer not null,
        code_hash text not null constraint key_batch_codes_hash unique,
        license_id text,
        redeemed_at timestamptz,
        primary key (batch_id, number)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table key_batch_codes');
    await runner.query('drop table key_batches');
  }
}
