import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Gates hold back deliveries to an endpoint: its rate limit, for which all instances lock this row in turn, and its circuit, which is open
 * while `opened_at` is set. A row is made when an endpoint first needs it; no row = nothing is held back. The table is not projected from
 * events: the service itself writes it.
 */
export class Gates1790000004100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table delivery_gates (
        endpoint_id text primary key,
        -- the rate limit allows no attempt before then
        next_slot timestamptz not null default '-infinity',
        -- failed attempts since the last success
        failures integer not null default 0,
        opened_at timestamptz,
        -- failed probes since the circuit opened
        failed_probes integer not null default 0,
        next_probe_at timestamptz,
        -- until then a probe counts as under way; its process may have died
        probing_until timestamptz
      ) with (fillfactor = 70)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table delivery_gates');
  }
}
