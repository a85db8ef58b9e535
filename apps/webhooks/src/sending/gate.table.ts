import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What holds deliveries to an endpoint back, one row an endpoint that has ever been held: its rate, for which all instances take
 * turns at this row, and its circuit, which is open while `opened_at` is set. No row = nothing holds it. None of this is
 * projected: it is what this service itself finds out.
 */
export class Gates1790000004100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table delivery_gates (
        endpoint_id text primary key,
        -- no attempt may begin before, as far as the rate is concerned
        next_slot timestamptz not null default '-infinity',
        -- attempts that failed since the last that did not
        failures integer not null default 0,
        opened_at timestamptz,
        -- probes that failed since it was opened
        failed_probes integer not null default 0,
        next_probe_at timestamptz,
        -- a probe is under way, unless who made it has died
        probing_until timestamptz
      ) with (fillfactor = 70)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table delivery_gates');
  }
}
