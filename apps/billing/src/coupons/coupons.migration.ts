import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Coupons1790120000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table coupons (
        id text primary key,
        version integer not null,
        name text not null,
        percent_off text,
        amount_off bigint,
        currency text,
        duration text not null,
        months integer,
        plans jsonb,
        max_redemptions integer,
        max_per_customer integer,
        redeem_by timestamptz,
        first_time_only boolean not null,
        codes jsonb not null,
        active boolean not null,
        redemptions integer not null,
        created_at timestamptz not null,
        updated_at timestamptz not null
      );
      create table coupon_codes (
        code text primary key,
        coupon_id text not null
      );
      create index coupon_codes_coupon_id on coupon_codes (coupon_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table coupon_codes; drop table coupons');
  }
}
