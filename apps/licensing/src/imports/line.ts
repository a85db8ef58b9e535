import { Injectable, Inject } from '@nestjs/common';
import { decideLicense, type IssueLicense, type LicenseCommand } from '#domain/licensing/license/license.commands';
import { refuse } from '#domain/licensing/license/license.errors';
import {
  type LicenseEvent,
  type LicenseState,
  type LicenseStatus,
  licenseStream,
} from '#domain/licensing/license/license';
import { refusePlan } from '#domain/licensing/plan/plan';
import { type Product, refuseProduct } from '#domain/licensing/product/product';
import { newId } from '#domain/shared/id';
import type { EventMetadata } from '#events/event';
import { type EventStore, HandledBeforeError, type Read, StaleVersionError, UniqueViolationError } from '#events/store';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { isProblem, Problem, type ProblemShape } from '#platform/http/problem';
import { normalizeIdentifier } from '#platform/http/schemas';
import { validator } from '#platform/http/validate';
import { EVENT_STORE } from '#platform/service';
import { redactText } from '#platform/telemetry/redact';
import { LicenseKeys } from '../license-keys/license-keys.ts';
import { Issuing } from '../licenses/issuing.ts';
import { Licenses } from '../licenses/licenses.ts';
import { ONE_TRIAL } from '../licenses/trial.table.ts';
import { LicenseLookup } from '../identification/license-lookup.ts';
import type { ImportRow } from './import.table.ts';
import { ExportedLicense, ImportedLicense, isExported } from './line.schemas.ts';
import { type Order, orderOfExported, orderOfImported } from './order.ts';

export type LineOutcome =
  | { readonly outcome: 'issued' | 'unchanged' }
  | { readonly outcome: 'refused'; readonly external_id: string | null; readonly reason: string };

const validateImported = validator(ImportedLicense, 'body');
const validateExported = validator(ExportedLicense, 'body');

/** Expiry of the command ids of an import: they are kept forever. */
const NEVER = '9999-12-31T00:00:00.000Z';

/** Issues a license for one line in one append. The line is issued completely or not at all, and once even if it is repeated. */
@Injectable()
export class ImportLine {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly licenses: Licenses,
    private readonly issuing: Issuing,
    private readonly keys: LicenseKeys,
    private readonly lookup: LicenseLookup,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws errors that the line does not cause, such as an unavailable database */
  async run(job: ImportRow, record: unknown): Promise<LineOutcome> {
    try {
      return await this.#issue(job, await this.#order(job, record));
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      return { outcome: 'refused', external_id: externalId(record), reason };
    }
  }

  async #order(job: ImportRow, record: unknown): Promise<Order> {
    const exported = typeof record === 'object' && record !== null && isExported(Object.keys(record));
    (exported ? validateExported : validateImported)(record);
    const line = record as ImportedLicense | ExportedLicense;
    if (job.product_id !== null && job.product_id !== line.product_id) return refuseProduct('PRODUCT_NOT_FOUND');
    const plan = await this.licenses.plan(line.plan_id);
    if (plan.product_id !== line.product_id) return refusePlan('PLAN_NOT_FOUND');
    return 'id' in line ? orderOfExported(line, plan) : orderOfImported(line, plan);
  }

  async #issue(job: ImportRow, order: Order): Promise<LineOutcome> {
    const { asked, plan, license_key } = order;
    const product = await this.licenses.product(asked.product_id);
    const id = order.id ?? newId('lic');
    const key = license_key === undefined ? this.keys.create(id, product) : this.keys.keep(id, license_key);
    const issue = this.issuing.command(asked, plan, key, this.clock.now().toISOString());
    const commands = [issue, ...this.#afterwards(order, issue, product)];
    try {
      const decide = (state: LicenseState, _version: number, read: Read): LicenseEvent[] => {
        this.licenses.planAtCommit(read, plan.plan_id);
        return decideAll(commands, state, order.status);
      };
      await this.store.handle(licenseStream, id, decide, {
        reads: this.licenses.reads(plan.plan_id),
        metadata: { actor: job.actor, correlation_id: job.id } as EventMetadata,
        expectedVersion: 0,
        commandId: `import:${asked.product_id}:${order.external_id}`,
        remember: () => ({ fingerprint: '', result: Buffer.from(job.id), expires_at: NEVER }),
      });
      return { outcome: 'issued' };
    } catch (error) {
      if (error instanceof StaleVersionError) return this.#existing(id, asked.product_id);
      if (!(error instanceof HandledBeforeError)) throw error;
      // The license was issued by this import before it was interrupted, or by an earlier import.
      return { outcome: Buffer.from(error.result).toString() === job.id ? 'issued' : 'unchanged' };
    }
  }

  /** Answers for an exported license whose id already exists here. */
  async #existing(id: string, product_id: string): Promise<LineOutcome> {
    const { state } = await this.store.load(licenseStream, id);
    if (state.status === 'none' || state.product_id !== product_id) return refuse('LICENSE_EXISTS');
    return { outcome: 'unchanged' };
  }

  /** Commands for what happened to the license since it was issued in the other system. */
  #afterwards({ activations, status, plan, ended_at }: Order, { now }: IssueLicense, product: Product) {
    const activate = activations.map((identifier): LicenseCommand => ({
      type: 'Activate',
      plan,
      product_type: product.type,
      activation_id: newId('act'),
      identifier: normalizeIdentifier(identifier),
      identifier_hash: this.lookup.fingerprint(identifier),
      identifier_type: 'device',
      label: null,
      ip: null,
      now,
    }));
    const change = CHANGES[status];
    if (change === undefined) return activate;
    return [...activate, { type: change, plan, now: ended_at ?? now, reason: null }];
  }
}

/** Commands that lead to a status. The other statuses follow from the term of the license. */
const CHANGES: Partial<Record<LicenseStatus, 'SuspendLicense' | 'RevokeLicense' | 'CancelLicense'>> = {
  suspended: 'SuspendLicense',
  revoked: 'RevokeLicense',
  canceled: 'CancelLicense',
};

const ENDED: readonly string[] = ['past_due', 'expired'] satisfies LicenseStatus[];

/** Decides the commands in order, each on the state after the previous one. */
const decideAll = (commands: readonly LicenseCommand[], state: LicenseState, status: LicenseStatus): LicenseEvent[] => {
  const events: LicenseEvent[] = [];
  let present = state;
  for (const command of commands) {
    for (const event of decideLicense(command, present)) {
      events.push(event);
      present = licenseStream.evolve(present, event);
    }
  }
  if (ENDED.includes(status) && !ENDED.includes(present.status))
    throw new Problem(400, 'INVALID_TERM', `status is ${status}, but the term is not over.`);
  return events;
};

/**
 * The reason why a line is refused, as one line of text; undefined if the line is not the cause. Names of fields come from the file,
 * and reasons are kept after a person is forgotten, so e-mail addresses are taken out.
 */
const reasonOf = (error: unknown): string | undefined => {
  const reason = reasonInFull(error);
  return reason === undefined ? undefined : redactText(reason);
};

const reasonInFull = (error: unknown): string | undefined => {
  if (error instanceof UniqueViolationError && error.constraint === ONE_TRIAL)
    return 'TRIAL_USED: this customer already had a trial of this product.';
  if (error instanceof UniqueViolationError) return 'LICENSE_KEY_TAKEN: another license has this key.';
  if (!isProblem(error) || error.status >= 500) return undefined;
  const errors = mistakesOf(error);
  return errors.length > 0 ? errors.join('; ') : `${error.code}: ${error.message}`;
};

const mistakesOf = ({ extensions }: ProblemShape): string[] => {
  const errors = extensions?.['errors'];
  return Array.isArray(errors)
    ? (errors as { pointer: string; detail: string }[]).map(
        ({ pointer, detail }) => `${pointer.replace(/^\//, '')} ${detail}`,
      )
    : [];
};

const externalId = (record: unknown): string | null => {
  if (typeof record !== 'object' || record === null) return null;
  const id = 'external_id' in record ? record.external_id : 'id' in record ? record.id : null;
  return typeof id === 'string' ? id.slice(0, 255) : null;
};
