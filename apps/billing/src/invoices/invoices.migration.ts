import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of invoices, credit notes and refunds. */
export class Invoices1790210000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table invoices (
        id text primary key,
        version integer not null,
        number text,
        status text not null,
        customer_id text not null,
        subscription_id text,
        subscriber text,
        product_id text,
        reason text not null,
        biller text not null,
        provider text not null,
        currency text not null,
        total bigint not null,
        amount_due bigint not null,
        amount_paid bigint not null,
        amount_refunded bigint not null,
        refunded boolean not null,
        overdue boolean not null,
        issued_at timestamptz,
        due_at timestamptz,
        paid_at timestamptz,
        attempt integer not null,
        next_attempt_at timestamptz,
        last_payment_error text
      );
      create index invoices_customer_id on invoices (customer_id, id);
      create index invoices_subscription_id on invoices (subscription_id, id) where subscription_id is not null;
      create index invoices_subscriber on invoices (subscriber, id) where subscriber is not null;
      create unique index invoices_number on invoices (number) where biller = 'keyledger';
      create index invoices_issued_at on invoices (issued_at, id);
      create index invoices_due_at on invoices (due_at) where status = 'open' and not overdue;
      create index invoices_next_attempt_at on invoices (next_attempt_at) where next_attempt_at is not null;
      create table unfinished_documents (
        document_id text primary key,
        invoice_id text not null,
        series text not null,
        since timestamptz not null
      );
      create index unfinished_documents_since on unfinished_documents (since);
      create table credit_notes (
        id text primary key,
        invoice_id text not null,
        customer_id text not null,
        number text not null,
        currency text not null,
        total bigint not null,
        issued_at timestamptz not null
      );
      create unique index credit_notes_number on credit_notes (number);
      create index credit_notes_customer_id on credit_notes (customer_id, id);
      create index credit_notes_issued_at on credit_notes (issued_at, id);
      create table refunds (
        id text primary key,
        invoice_id text not null,
        payment_id text not null,
        amount bigint not null,
        status text not null,
        error text,
        since timestamptz not null
      );
      create index refunds_invoice_id on refunds (invoice_id);
      create index refunds_since on refunds (since) where status = 'pending'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table refunds, credit_notes, unfinished_documents, invoices');
  }
}
