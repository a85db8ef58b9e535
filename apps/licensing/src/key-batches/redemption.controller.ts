import { Controller, Inject } from '@nestjs/common';
import { decideKeyBatch, type KeyBatch, keyBatchStream, refuseKeyBatch } from '#domain/licensing/key-batch/key-batch';
import { decideLicense } from '#domain/licensing/license/license.commands';
import { refuse } from '#domain/licensing/license/license.errors';
import { licenseStream } from '#domain/licensing/license/license';
import { newId } from '#domain/shared/id';
import { Refusal } from '#domain/shared/refusal';
import type { Actor } from '#events/event';
import { type EventStore, StaleVersionError } from '#events/store';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { etag } from '#platform/http/preconditions';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { LicenseKeys, type NewLicenseKey } from '../license-keys/license-keys.ts';
import { Issuing } from '../licenses/issuing.ts';
import { viewState } from '../licenses/license.view.ts';
import { type Licensed, Licenses } from '../licenses/licenses.ts';
import { CallerLimits } from '../identification/caller-limits.ts';
import { trialUsed } from '../licenses/trial.projection.ts';
import { Codes } from './codes.ts';
import { redeemCode } from './key-batch.endpoints.ts';

interface FoundCode {
  readonly batch_id: string;
  readonly number: number;
}

@Controller()
export class RedemptionController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly licenses: Licenses,
    private readonly issuing: Issuing,
    private readonly keys: LicenseKeys,
    private readonly codes: Codes,
    private readonly limits: CallerLimits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Makes two appends: the first assigns a license id to the code, the second issues that license. A code is redeemed once its
   * license exists. A call that comes between the two continues with the same license id, and only one of several calls issues
   * it.
   */
  @Endpoint(redeemCode)
  async redeem(call: Call<typeof redeemCode>): Promise<Answer> {
    const { code, ...customer } = call.body;
    const found = await this.#find(code, call.ip);
    // The customer is the actor, even if the call carries an API key.
    const actor: Actor = { type: 'user', id: this.issuing.customer(customer.email) };
    const now = this.clock.now().toISOString();
    const { batch, license_id } = await this.#claim(found, now, call.metadata(actor));
    const { product_id, plan_id } = batch;
    // A code stays valid after its plan is no longer sold.
    const plan = { ...(await this.licenses.plan(plan_id)), active: true };
    const key = await this.#key(code, license_id, batch);
    const command = this.issuing.command({ ...customer, product_id, plan_id }, plan, key, now);
    const answer = ({ state, version }: Licensed): Answer =>
      state.status === 'none'
        ? refuse('LICENSE_NOT_FOUND')
        : new Answer(201, { ...viewState(license_id, state), license_key: key.text }, { etag: etag(version) });
    const outcome = await this.store
      .handle(
        licenseStream,
        license_id,
        (state, _version, read) => {
          this.licenses.planAtCommit(read, plan_id);
          return decideLicense(command, state);
        },
        { ...call.command(answer, actor), expectedVersion: 0, reads: this.licenses.reads(plan_id) },
      )
      .catch(trialUsed)
      .catch(redeemedBefore);
    return answer(outcome);
  }

  /** @throws Refusal 404 CODE_NOT_FOUND, counted as a failure of the address, so that guessing codes locks it out */
  async #find(code: string, ip: string): Promise<FoundCode> {
    const { rows } = await this.database.pool.query<FoundCode>({
      name: 'redemption_code',
      text: `select c.batch_id, c.number from key_batch_codes c join key_batches b on b.id = c.batch_id where c.code_hash = $1`,
      values: [this.codes.hash(code)],
    });
    if (rows[0] !== undefined) return rows[0];
    await this.limits.failures.record(ip);
    return refuseKeyBatch('CODE_NOT_FOUND');
  }

  /** Assigns a license to the code, or finds the one that was assigned before. */
  async #claim(
    { batch_id, number }: FoundCode,
    now: string,
    metadata: ReturnType<Call['metadata']>,
  ): Promise<{ readonly batch: KeyBatch; readonly license_id: string }> {
    const command = { type: 'RedeemCode', number, license_id: newId('lic'), now } as const;
    const { state: batch } = await this.store.handle(
      keyBatchStream,
      batch_id,
      (state) => decideKeyBatch(command, state),
      { metadata },
    );
    const license_id = batch.status === 'none' ? undefined : batch.licenses[number - 1];
    return batch.status === 'none' || license_id === undefined
      ? refuseKeyBatch('CODE_NOT_FOUND')
      : { batch, license_id };
  }

  async #key(code: string, licenseId: string, batch: KeyBatch): Promise<NewLicenseKey> {
    const printed = this.codes.licenseKey(code, batch);
    if (printed !== undefined) return this.keys.keep(licenseId, printed);
    const { key_format, key_prefix } = batch;
    return this.keys.create(licenseId, { ...(await this.licenses.product(batch.product_id)), key_format, key_prefix });
  }
}

const redeemedBefore = (error: unknown): never => {
  const exists = error instanceof StaleVersionError || (error instanceof Refusal && error.code === 'LICENSE_EXISTS');
  if (exists) return refuseKeyBatch('CODE_REDEEMED');
  throw error;
};
