import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { IssueForSale } from '#domain/licensing/license/license.issue-for-sale';
import { decideLicense, type LicenseCommand } from '#domain/licensing/license/license.commands';
import { type LicenseState, licenseStream } from '#domain/licensing/license/license';
import type { Plan } from '#domain/licensing/license/on-license';
import { derivedId } from '#domain/shared/id';
import type { Time } from '#domain/shared/time';
import type { EventMetadata, PublishedEvent } from '#events/event';
import { type EventStore, UniqueViolationError } from '#events/store';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { MasterKey } from '#platform/crypto/keys';
import { openRecipient } from '#platform/crypto/recipient';
import { EVENT_STORE, MASTER_KEY } from '#platform/service';
import { LicenseKeys } from '../license-keys/license-keys.ts';
import { customerOf } from '../licenses/customer.ts';
import { Licenses } from '../licenses/licenses.ts';
import { Forgetting } from '../privacy/forgetting.ts';

type Decided = 'type' | 'plan' | 'email' | 'name' | 'locale' | 'customer_id' | 'key_hash' | 'key_sealed' | 'now';

/** A license that is to be issued. */
export type Order = Omit<IssueForSale, Decided> & {
  readonly license_id: string;
  readonly plan_id: string;
  /** The customer in billing. */
  readonly customer_id: string;
  readonly recipient_sealed: string | null;
};

/**
 * Licenses as events of billing change them. An event may be delivered again: what it has done is recorded on the license, in the
 * append that does it.
 */
@Injectable()
export class SoldLicenses {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
    private readonly licenses: Licenses,
    private readonly keys: LicenseKeys,
    private readonly forgetting: Forgetting,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async find(license_id: string): Promise<LicenseState> {
    return (await this.store.load(licenseStream, license_id)).state;
  }

  /** Whether a license exists in the log; the state in memory may be a moment behind another instance. */
  async exists(license_id: string): Promise<boolean> {
    return (await this.store.readStream(license_id, { limit: 1 })).length > 0;
  }

  /** Issues a license, unless it exists. @returns whether it was issued */
  async issue(order: Order, cause: PublishedEvent): Promise<boolean> {
    const { license_id, plan_id, recipient_sealed, customer_id, ...rest } = order;
    const plan = await this.licenses.plan(plan_id);
    const key = this.keys.create(license_id, await this.licenses.product(plan.product_id));
    const opened =
      recipient_sealed === null ? undefined : openRecipient(this.masterKey, recipient_sealed, cause.subject);
    const person = opened === undefined ? customer_id : customerOf(this.masterKey, opened.email);
    const recipient = (await this.forgetting.isForgotten(person, cause)) ? undefined : opened;
    const command: IssueForSale = {
      ...rest,
      type: 'IssueForSale',
      plan,
      customer_id: person,
      email: recipient?.email ?? null,
      name: recipient?.name ?? null,
      locale: recipient?.locale ?? null,
      key_hash: key.hash,
      key_sealed: key.sealed,
      now: this.#now(),
    };
    const { events } = await this.store.handle(
      licenseStream,
      license_id,
      (state, _version, read) =>
        state.status === 'none'
          ? decideLicense({ ...command, plan: this.licenses.planAtCommit(read, plan_id) }, state)
          : [],
      { metadata: metadataOf(cause), reads: this.licenses.reads(plan_id) },
    );
    return events.length > 0;
  }

  /** Decides a command that is idempotent by itself: it names the version of its cause. */
  async follow(
    license_id: string,
    plan_id: string,
    command: (plan: Plan, to: Plan, now: Time) => LicenseCommand,
    cause: PublishedEvent,
  ): Promise<void> {
    const to = await this.licenses.plan(plan_id);
    const now = this.#now();
    const metadata = metadataOf(cause);
    await this.licenses.handle(license_id, (plan) => command(plan, to, now), { metadata }, plan_id);
  }

  /**
   * Decides a command whose event gets an id that derives from its cause, so that it happens once.
   * @param to the plan that the command gives the license; undefined = it stays
   */
  async once(
    license_id: string,
    command: (plan: Plan, now: Time) => LicenseCommand,
    cause: PublishedEvent,
    part: string,
    to?: string,
  ): Promise<void> {
    const hash = createHash('sha256').update(`${cause.id}/${license_id}/${part}`).digest();
    const id = derivedId('evt', hash);
    if ((await this.store.find([id])).has(id)) return;
    const now = this.#now();
    try {
      const options = { metadata: metadataOf(cause), idOf: () => id };
      await this.licenses.handle(license_id, (plan) => command(plan, now), options, to);
    } catch (error) {
      // Another instance was first.
      if (!(error instanceof UniqueViolationError && error.constraint === 'events_id_key')) throw error;
    }
  }

  #now(): Time {
    return this.clock.now().toISOString();
  }
}

const metadataOf = ({ id, correlationid, traceparent }: PublishedEvent): EventMetadata => ({
  actor: { type: 'system', id: 'billing' },
  correlation_id: correlationid,
  causation_id: id,
  ...(traceparent === undefined ? {} : { traceparent }),
});
