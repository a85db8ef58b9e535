import type { MigrationInterface, QueryRunner } from 'typeorm';

export const DELIVERY_STATUSES = ['pending', 'succeeded', 'failed'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** Notification channel: names of lanes that have a due delivery, separated by spaces; empty = any lane. */
export const DUE_CHANNEL = 'webhooks_due';

/**
 * Key of the advisory lock under which deliveries join and leave the queues of ordered endpoints. Without it, a delivery could join behind
 * one that is just leaving, and wait for ever.
 */
export const QUEUE_LOCK = 7_150_461_903;

/** Events to send, their deliveries, and each attempt. The tables are not projected from events: the service itself writes them. */
export class Deliveries1790000004001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table outgoing_events (
        event_id text primary key,
        -- as it is sent, byte for byte
        body text not null,
        taken_at timestamptz not null default now()
      )`);
    await runner.query(`
      create table deliveries (
        id text primary key,
        seq bigint generated always as identity,
        endpoint_id text not null,
        event_id text not null,
        event_type text not null,
        -- ordered endpoints: those of one queue go out one after the other
        queue text,
        status text not null check (status in ('pending', 'succeeded', 'failed')),
        -- since it was last queued
        attempts integer not null default 0,
        -- null while it waits behind another of its queue, and once it is done
        due_at timestamptz,
        claimed_by uuid,
        claimed_until timestamptz,
        created_at timestamptz not null default now()
      ) with (fillfactor = 85)`);
    await runner.query('create unique index deliveries_event on deliveries (endpoint_id, event_id)');
    await runner.query('create index deliveries_list on deliveries (endpoint_id, seq)');
    await runner.query(
      `create index deliveries_due on deliveries (endpoint_id, due_at, seq) where status = 'pending' and due_at is not null`,
    );
    await runner.query(
      `create index deliveries_queue on deliveries (endpoint_id, queue, seq) where status = 'pending' and queue is not null`,
    );
    await runner.query(
      `create index deliveries_not_done on deliveries (endpoint_id, status, seq) where status <> 'succeeded'`,
    );
    await runner.query(`
      create table attempts (
        delivery_id text not null,
        at timestamptz not null,
        duration_ms integer not null,
        response_status integer,
        response_body text,
        error text,
        primary key (delivery_id, at)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table attempts');
    await runner.query('drop table deliveries');
    await runner.query('drop table outgoing_events');
  }
}
