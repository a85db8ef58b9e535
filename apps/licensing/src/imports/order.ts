import type { Static } from 'typebox';
import type { LicenseStatus } from '#domain/licensing/license/license';
import type { Plan } from '#domain/licensing/license/on-license';
import type { Time } from '#domain/shared/time';
import type { issueLicense } from '../licenses/license.endpoints.ts';
import type { ExportedLicense, ImportedLicense } from './line.schemas.ts';

/** The license that a line of an import requests. */
export interface Order {
  /** Id of the license; undefined for a new one. */
  readonly id: string | undefined;
  /** Identifies a line within its product. */
  readonly external_id: string;
  readonly plan: Plan;
  readonly asked: Static<(typeof issueLicense)['body']>;
  /** undefined = the import makes a new key. */
  readonly license_key: string | undefined;
  /** The status that the license has after the import. */
  readonly status: LicenseStatus;
  /** When the term of a canceled license ends or ended; undefined if the cancellation decides it. */
  readonly ended_at: Time | undefined;
  readonly activations: readonly string[];
}

export const orderOfImported = (line: ImportedLicense, plan: Plan): Order => {
  const { external_id, license_key, status = 'active', activations = [], ...asked } = line;
  return { id: undefined, external_id, plan, license_key, status, activations, ...termOf(asked, status) };
};

/**
 * The license in an export, with its own id, also of a plan that is no longer sold. Three things are not taken over: the key,
 * which an export does not show; the devices, which activate with the new key; and the customer id, which follows from the e-mail
 * address.
 */
export const orderOfExported = (line: ExportedLicense, plan: Plan): Order => {
  const { id, license_key, status = 'active', activations: _count, customer_id: _customer, ...rest } = line;
  const { created_at: _created, term_started_at, valid_from, valid_until, updates_until, ...described } = rest;
  // If true, the term starts with the first activation, and its length comes from the plan.
  const waits = term_started_at === null;
  const asked = {
    ...described,
    // A trial that is over is not given again. But a plan of type trial has only the trial term.
    skip_trial: status !== 'trialing' && plan.license_type !== 'trial',
    ...(waits || valid_from === undefined ? {} : { valid_from }),
    ...(waits || valid_until === undefined ? {} : { valid_until }),
    ...(updates_until === undefined || (waits && updates_until === null) ? {} : { updates_until }),
  };
  const key = license_key ?? undefined;
  const sold = { ...plan, active: true };
  return { id, external_id: id, plan: sold, license_key: key, status, activations: [], ...termOf(asked, status) };
};

/**
 * Issues a canceled license without an end, and cancels it as of its end: a license whose term is over can no longer be canceled.
 */
const termOf = (asked: Order['asked'], status: LicenseStatus): Pick<Order, 'asked' | 'ended_at'> =>
  status === 'canceled' && typeof asked.valid_until === 'string'
    ? { asked: { ...asked, valid_until: null }, ended_at: asked.valid_until }
    : { asked, ended_at: undefined };
