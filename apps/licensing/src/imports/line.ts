import { Injectable, Inject } from '@nestjs/common';
import type { Static } from 'typebox';
import { decideLicense, type IssueLicense, type LicenseCommand } from '#domain/licensing/license/license.commands';
import type { Plan } from '#domain/licensing/license/on-license';
import { type LicenseEvent, type LicenseState, licenseStream } from '#domain/licensing/license/license';
import { refusePlan } from '#domain/licensing/plan/plan';
import { type Product, refuseProduct } from '#domain/licensing/product/product';
import { newId } from '#domain/shared/id';
import type { EventMetadata } from '#events/event';
import { type EventStore, HandledBeforeError, UniqueViolationError } from '#events/store';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { isProblem, type ProblemShape } from '#platform/http/problem';
import { normalizeIdentifier } from '#platform/http/schemas';
import { validator } from '#platform/http/validate';
import { EVENT_STORE } from '#platform/service';
import { LicenseKeys } from '../license-keys/license-keys.ts';
import { Issuing } from '../licenses/issuing.ts';
import { Licenses } from '../licenses/licenses.ts';
import { ONE_TRIAL } from '../licenses/trial.table.ts';
import { LicenseLookup } from '../verification/license-lookup.ts';
import { ImportedLicense } from './import.endpoints.ts';
import type { ImportRow } from './import.table.ts';

type Imported = Static<typeof ImportedLicense>;

export type LineOutcome =
  | { readonly outcome: 'issued' | 'unchanged' }
  | { readonly outcome: 'refused'; readonly external_id: string | null; readonly reason: string };

const validate = validator(ImportedLicense, 'body');

/** What has been imported once is known for ever. */
const NEVER = '9999-12-31T00:00:00.000Z';

/** Makes a licence of one line, in one append: all of it or nothing, and once however often the line comes. */
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

  /** @throws what is no fault of the line, such as a database that is away */
  async run(job: ImportRow, record: unknown): Promise<LineOutcome> {
    try {
      validate(record);
      return await this.#issue(job, record as Imported);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      return { outcome: 'refused', external_id: externalId(record), reason };
    }
  }

  async #issue(job: ImportRow, line: Imported): Promise<LineOutcome> {
    const { product_id, plan_id, external_id } = line;
    if (job.product_id !== null && job.product_id !== product_id) return refuseProduct('PRODUCT_NOT_FOUND');
    const product = await this.licenses.product(product_id);
    const plan = await this.licenses.plan(plan_id);
    if (plan.product_id !== product_id) return refusePlan('PLAN_NOT_FOUND');
    const id = newId('lic');
    const key = line.license_key === undefined ? this.keys.create(id, product) : this.keys.keep(id, line.license_key);
    const issue = this.issuing.command(line, plan, key, this.clock.now().toISOString());
    const commands = [issue, ...this.#afterwards(line, issue, plan, product)];
    try {
      await this.store.handle(licenseStream, id, (state) => decideAll(commands, state), {
        metadata: { actor: job.actor, correlation_id: job.id } as EventMetadata,
        expectedVersion: 0,
        commandId: `import:${product_id}:${external_id}`,
        remember: () => ({ fingerprint: '', result: Buffer.from(job.id), expires_at: NEVER }),
      });
      return { outcome: 'issued' };
    } catch (error) {
      if (!(error instanceof HandledBeforeError)) throw error;
      // By this very import, before it was interrupted, or by an earlier one.
      return { outcome: Buffer.from(error.result).toString() === job.id ? 'issued' : 'unchanged' };
    }
  }

  /** What has become of the licence since it was issued elsewhere. */
  #afterwards(line: Imported, { now }: IssueLicense, plan: Plan, product: Product): LicenseCommand[] {
    const { activations = [], status = 'active' } = line;
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
    const because = { plan, now, reason: null };
    const become: Record<typeof status, LicenseCommand[]> = {
      active: [],
      suspended: [{ type: 'SuspendLicense', ...because }],
      revoked: [{ type: 'RevokeLicense', ...because }],
      canceled: [{ type: 'CancelLicense', ...because }],
    };
    return [...activate, ...become[status]];
  }
}

/** The commands one after the other, each upon what the one before has made. */
const decideAll = (commands: readonly LicenseCommand[], state: LicenseState): LicenseEvent[] => {
  const events: LicenseEvent[] = [];
  let present = state;
  for (const command of commands) {
    for (const event of decideLicense(command, present)) {
      events.push(event);
      present = licenseStream.evolve(present, event);
    }
  }
  return events;
};

/** Why a line is refused, in one line; undefined when the line is not to blame. */
const reasonOf = (error: unknown): string | undefined => {
  if (error instanceof UniqueViolationError && error.constraint === ONE_TRIAL)
    return 'TRIAL_USED: this customer has had a trial of this product.';
  if (error instanceof UniqueViolationError) return 'LICENSE_KEY_TAKEN: another licence has this key.';
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
  const id = typeof record === 'object' && record !== null && 'external_id' in record ? record.external_id : null;
  return typeof id === 'string' ? id.slice(0, 255) : null;
};
