import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Events that payment providers sent. */
export class ProviderEvents1790900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table provider_events (
        id text primary key,
        provider text not null,
        event_id text not null,
        type text not null,
        object_kind text,
        object_id text,
        order_key text not null,
        account text,
        livemode boolean not null,
        created_at timestamptz not null,
        api_version text,
        shape text not null,
        payload text,
        deliveries integer not null,
        status text not null,
        reason text,
        effect jsonb not null,
        waits_for text,
        attempts integer not null,
        last_error text,
        next_attempt_at timestamptz,
        give_up_at timestamptz not null,
        received_at timestamptz not null,
        applied_at timestamptz,
        constraint provider_events_event_id unique (provider, event_id)
      );
      create index provider_events_provider on provider_events (provider, id);
      create index provider_events_status on provider_events (status, id);
      create index provider_events_due on provider_events (provider, next_attempt_at) where next_attempt_at is not null;
      create index provider_events_order_key on provider_events (order_key, created_at, id) where next_attempt_at is not null;
      create index provider_events_waits_for on provider_events (provider, waits_for) where waits_for is not null;
      create index provider_events_payload on provider_events (received_at) where payload is not null`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table provider_events');
  }
}
