import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of licensing in the first release. Do not change this migration: later changes are migrations of their feature. */
export class Initial1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const tables of [CATALOGUE, LICENSES, ACTIVATIONS, FLOATING, USAGE, SIGNING, KEY_BATCHES, IMPORTS])
      await runner.query(tables);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop index events_on_quotas;
      drop table products, plans, add_ons, licenses, trials, seats, activations, activation_uses, validations, floating_sessions,
        usage_counters, usage_by_hour, signing_keys, key_batches, key_batch_codes, import_lines, import_refusals, imports`);
  }
}

const CATALOGUE = `
  create table products (
    id text primary key,
    version integer not null,
    name text not null,
    slug text not null constraint products_slug unique,
    product_type text not null,
    minimum_supported_version text,
    minimum_supported_message text,
    require_signing boolean not null,
    key_format text not null,
    key_prefix text,
    created_at timestamptz not null,
    updated_at timestamptz not null
  );

  create table plans (
    id text primary key,
    version integer not null,
    product_id text not null,
    checkout_id text not null constraint plans_checkout_id unique,
    name text not null,
    slug text not null,
    license_type text not null,
    license_model text not null,
    billing_interval text,
    max_activations integer,
    max_seats integer,
    trial_days integer not null,
    grace_days integer not null,
    floating_timeout integer not null,
    max_borrow_days integer not null,
    sort_order integer not null,
    active boolean not null,
    term_starts text not null,
    renewal_from text not null,
    updates_days integer,
    fingerprint_lock boolean not null,
    bound_identity text,
    activation_ttl_days integer,
    max_deactivations integer,
    deactivation_period_days integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint plans_slug unique (product_id, slug)
  );
  create index plans_activation_ttl_days on plans (activation_ttl_days) where activation_ttl_days is not null;

  create table add_ons (
    id text primary key,
    version integer not null,
    product_id text not null,
    slug text not null,
    feature text not null,
    value jsonb,
    active boolean not null,
    sort_order integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint add_ons_slug unique (product_id, slug)
  )`;

const LICENSES = `
  create table licenses (
    id text primary key,
    version integer not null,
    product_id text not null,
    plan_id text not null,
    customer_id text not null,
    email text,
    name text,
    org_name text,
    external_customer_id text,
    external_workspace_id text,
    status text not null,
    resumes_as text not null,
    valid_from timestamptz not null,
    valid_until timestamptz,
    term_started_at timestamptz,
    term_anchor timestamptz,
    updates_until timestamptz,
    due_at timestamptz,
    key_hash text not null constraint licenses_key_hash unique,
    activations integer not null,
    notes text,
    metadata jsonb not null
  );
  create index licenses_due_at on licenses (due_at) where due_at is not null;
  create index licenses_product_id on licenses (product_id, id);
  create index licenses_plan_id on licenses (plan_id, id);
  create index licenses_email on licenses (lower(email), id);
  create index licenses_external_customer_id on licenses (external_customer_id, id);

  create table trials (
    id text primary key,
    license_id text not null,
    product_id text not null,
    customer_id text not null,
    constraint trials_customer_id unique (customer_id, product_id)
  );

  create table seats (
    id text primary key,
    version integer not null,
    license_id text not null,
    product_id text not null,
    person_id text not null,
    email text,
    role text not null,
    status text not null,
    token_hash text not null,
    expires_at timestamptz not null,
    invited_at timestamptz not null,
    accepted_at timestamptz
  );
  create index seats_license_id on seats (license_id, id);
  create unique index seats_token_hash on seats (token_hash);
  create index seats_expires_at on seats (expires_at) where status = 'invited'`;

// Each verification writes to this log, and rows are read only by license. So it has one index and no primary key.
const ACTIVATIONS = `
  create table activations (
    id text primary key,
    version integer not null,
    license_id text not null,
    identifier_hash text not null,
    added_at timestamptz not null
  );
  create index activations_license_id on activations (license_id);

  create table activation_uses (
    license_id text not null,
    identifier_hash text not null,
    last_verified timestamptz not null,
    primary key (license_id, identifier_hash)
  );

  create table validations (
    id bigint generated always as identity,
    at timestamptz not null,
    code text not null,
    result text not null,
    license_id text,
    product_id text,
    fingerprint_hash text,
    ip text,
    user_agent text
  );
  create index validations_license on validations (license_id, id)`;

const FLOATING = `
  create table floating_sessions (
    id text primary key,
    version integer not null,
    begun_in integer not null,
    license_id text not null,
    product_id text not null,
    identifier text,
    identifier_hash text not null,
    label text,
    checked_out_at timestamptz not null,
    renewed_at timestamptz not null,
    expires_at timestamptz not null,
    borrowed_until timestamptz,
    ended_at timestamptz
  ) with (fillfactor = 70);
  create index floating_sessions_version on floating_sessions (license_id, version);
  create index floating_sessions_license_id on floating_sessions (license_id, id) where ended_at is null;
  create index floating_sessions_expires_at on floating_sessions (expires_at) where ended_at is null`;

// Counters are written at every flush: free space on each page keeps the updates on that page (HOT) and the index unchanged.
// The history of a license shows notices and resets: the index on events finds them among millions of records.
const USAGE = `
  create table usage_counters (
    license_id text not null,
    feature text not null,
    period text not null,
    period_start timestamptz not null,
    period_end timestamptz,
    used numeric not null,
    warned_in integer not null,
    warned_limit bigint not null,
    exceeded_in integer not null,
    exceeded_limit bigint not null,
    reset_in integer not null,
    version integer not null,
    primary key (license_id, feature, period, period_start)
  ) with (fillfactor = 70);

  create table usage_by_hour (
    license_id text not null,
    feature text not null,
    hour timestamptz not null,
    quantity numeric not null,
    records bigint not null,
    version integer not null,
    primary key (license_id, feature, hour)
  ) with (fillfactor = 70);

  create index events_on_quotas on events (stream_id, version)
    where type in ('quota.warning', 'quota.exceeded', 'usage.reset')`;

const SIGNING = `
  create table signing_keys (
    kid text primary key,
    public_jwk jsonb not null,
    private_sealed text,
    created_at timestamptz not null default now(),
    good_until timestamptz
  )`;

const KEY_BATCHES = `
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
  );
  create index key_batches_product_id on key_batches (product_id, id);

  create table key_batch_codes (
    batch_id text not null,
    number integer not null,
    code_hash text not null constraint key_batch_codes_hash unique,
    license_id text,
    redeemed_at timestamptz,
    primary key (batch_id, number)
  )`;

const IMPORTS = `
  create table imports (
    id text primary key,
    product_id text,
    actor jsonb not null,
    status text not null,
    lines integer not null default 0,
    done integer not null default 0,
    issued integer not null default 0,
    unchanged integer not null default 0,
    refused integer not null default 0,
    created_at timestamptz not null default now(),
    finished_at timestamptz
  );
  create index imports_running on imports (id) where status = 'running';

  create table import_lines (
    import_id text not null references imports on delete cascade,
    n integer not null,
    line integer not null,
    record jsonb,
    fault text,
    primary key (import_id, n)
  );

  create table import_refusals (
    import_id text not null references imports on delete cascade,
    line integer not null,
    external_id text,
    reason text not null,
    primary key (import_id, line)
  )`;
