import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who has had a trial of what. A customer is known by a keyed hash of the address, also after the person was forgotten. */
export interface TrialRow {
  /** Of the event that told of it. */
  readonly id: string;
  readonly license_id: string;
  readonly product_id: string;
  readonly customer_id: string;
}

export const ONE_TRIAL = 'trials_customer_id';

export class Trials1790000072000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table trials (
        id text primary key,
        license_id text not null,
        product_id text not null,
        customer_id text not null,
        constraint ${ONE_TRIAL} unique (customer_id, product_id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table trials');
  }
}
