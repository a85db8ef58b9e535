import type { License as LicenseState } from '#domain/licensing/license/license';
import { idTime } from '#domain/shared/id';
import type { License } from './license.endpoints.ts';
import type { LicenseRow } from './license.table.ts';

/** The API's form of a license, from its state. The key is not part of it. */
export const viewState = (id: string, state: LicenseState): License => {
  const { product_id, plan_id, customer_id, email, name, org_name, external_customer_id, external_workspace_id } =
    state;
  const { subscription_id, payment_provider, invoice_id, quantity, past_due_at } = state;
  const { notes, status, valid_from, valid_until, term_started_at, term_anchor, updates_until, metadata } = state;
  return {
    id,
    product_id,
    plan_id,
    customer_id,
    email,
    name,
    org_name,
    external_customer_id,
    external_workspace_id,
    notes,
    status,
    valid_from,
    valid_until,
    term_started_at,
    term_anchor,
    updates_until,
    subscription_id,
    payment_provider,
    invoice_id,
    quantity,
    past_due_at,
    activations: state.activations.size,
    metadata,
    created_at: idTime(id),
  };
};

/** The same, from the row of the license. */
export const viewRow = (row: LicenseRow): License => {
  const {
    version: _version,
    key_hash: _hash,
    due_at: _due,
    resumes_as: _under,
    valid_from,
    valid_until,
    term_started_at,
    term_anchor,
    updates_until,
    past_due_at,
    ...shown
  } = row;
  return {
    ...shown,
    valid_from: valid_from.toISOString(),
    valid_until: valid_until?.toISOString() ?? null,
    term_started_at: term_started_at?.toISOString() ?? null,
    term_anchor: term_anchor?.toISOString() ?? null,
    updates_until: updates_until?.toISOString() ?? null,
    past_due_at: past_due_at?.toISOString() ?? null,
    created_at: idTime(row.id),
  };
};
