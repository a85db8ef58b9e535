import { Controller, Inject } from '@nestjs/common';
import { decideLicense, type LicenseCommand } from '#domain/licensing/license/license.commands';
import type { Plan } from '#domain/licensing/license/on-license';
import { refuse } from '#domain/licensing/license/license.errors';
import { type LicenseEvent, type LicenseState, licenseStream } from '#domain/licensing/license/license';
import { refusePlan } from '#domain/licensing/plan/plan';
import { refuseProduct } from '#domain/licensing/product/product';
import { newId } from '#domain/shared/id';
import type { EventStore, Outcome } from '#events/store';
import { seesProduct } from '#platform/auth/principal';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { etag } from '#platform/http/preconditions';
import { EVENT_STORE } from '#platform/service';
import { fileAnswer } from '#platform/export/streams';
import { LicenseKeys } from '../license-keys/license-keys.ts';
import { Issuing } from './issuing.ts';
import * as contracts from './license.endpoints.ts';
import { LEFT_OUT, streamsOf } from './license.history.ts';
import { LicenseList } from './license.list.ts';
import { viewState } from './license.view.ts';
import { type Licensed, Licenses } from './licenses.ts';
import { mergePatch } from '#platform/http/merge-patch';
import { trialUsed } from './trial.projection.ts';
import { UsageRecords } from '../usage/usage-records.ts';

@Controller()
export class LicenseController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly licenses: Licenses,
    private readonly issuing: Issuing,
    private readonly keys: LicenseKeys,
    private readonly list: LicenseList,
    private readonly usage: UsageRecords,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Endpoint(contracts.issueLicense)
  async issue(call: Call<typeof contracts.issueLicense>): Promise<Answer> {
    const { product_id, plan_id } = call.body;
    if (!seesProduct(call.principal, product_id)) return refuseProduct('PRODUCT_NOT_FOUND');
    const product = await this.licenses.product(product_id);
    const plan = await this.licenses.plan(plan_id);
    if (plan.product_id !== product_id) return refusePlan('PLAN_NOT_FOUND');
    const id = newId('lic');
    const key = this.keys.create(id, product);
    const command = this.issuing.command(call.body, plan, key, this.clock.now().toISOString());
    const answer = ({ state, version }: Licensed): Answer =>
      new Answer(
        201,
        { ...shown(id, state), license_key: key.text },
        { location: `/api/v1/admin/licenses/${id}`, etag: etag(version) },
      );
    const outcome = await this.store
      .handle(
        licenseStream,
        id,
        (state, _version, read) =>
          decideLicense({ ...command, plan: this.licenses.planAtCommit(read, plan_id) }, state),
        { ...call.command(answer), expectedVersion: 0, reads: this.licenses.reads(plan_id) },
      )
      .catch(trialUsed);
    return answer(outcome);
  }

  @Endpoint(contracts.listLicenses)
  page({ query, principal }: Call<typeof contracts.listLicenses>): Promise<unknown> | Answer {
    const { format } = query;
    if (format === undefined) return this.list.page(query, principal.product_id);
    return fileAnswer(
      'licenses',
      format,
      Object.keys(contracts.License.properties),
      this.list.all(query, principal.product_id),
    );
  }

  @Endpoint(contracts.readLicense)
  async read(call: Call<typeof contracts.readLicense>): Promise<Answer> {
    const { id } = call.params;
    await this.licenses.find(id, call.principal);
    const { as_of } = call.query;
    const { state, version } =
      as_of === undefined
        ? await this.store.load(licenseStream, id)
        : await this.store.loadAsOf(licenseStream, id, as_of);
    return new Answer(200, shown(id, state), { etag: etag(version) });
  }

  @Endpoint(contracts.updateLicense)
  async update(call: Call<typeof contracts.updateLicense>): Promise<Answer> {
    const { id } = call.params;
    const { metadata, ...rest } = call.body;
    await this.licenses.find(id, call.principal);
    const decide = (state: LicenseState): readonly LicenseEvent[] => {
      const merged =
        metadata === undefined || state.status === 'none' ? {} : { metadata: mergePatch(state.metadata, metadata) };
      return decideLicense({ type: 'UpdateLicense', changes: { ...rest, ...merged } }, state);
    };
    return current(
      id,
      await this.store.handle(licenseStream, id, decide, { metadata: call.metadata(), expectedVersion: call.if_match }),
    );
  }

  @Endpoint(contracts.suspendLicense)
  suspend(call: Call<typeof contracts.suspendLicense>): Promise<Answer> {
    return this.#change(call, (plan, now) => ({ type: 'SuspendLicense', plan, now, reason: call.body.reason ?? null }));
  }

  @Endpoint(contracts.reinstateLicense)
  reinstate(call: Call<typeof contracts.reinstateLicense>): Promise<Answer> {
    return this.#change(call, (plan, now) => ({
      type: 'ReinstateLicense',
      plan,
      now,
      reason: call.body.reason ?? null,
    }));
  }

  @Endpoint(contracts.revokeLicense)
  revoke(call: Call<typeof contracts.revokeLicense>): Promise<Answer> {
    return this.#change(call, (plan, now) => ({ type: 'RevokeLicense', plan, now, reason: call.body.reason ?? null }));
  }

  @Endpoint(contracts.cancelLicense)
  cancel(call: Call<typeof contracts.cancelLicense>): Promise<Answer> {
    return this.#change(call, (plan, now) => ({ type: 'CancelLicense', plan, now, reason: call.body.reason ?? null }));
  }

  @Endpoint(contracts.renewLicense)
  renew(call: Call<typeof contracts.renewLicense>): Promise<Answer> {
    const { valid_until, updates_until } = call.body;
    return this.#change(call, (plan, now) => ({ type: 'RenewLicense', plan, now, valid_until, updates_until }));
  }

  @Endpoint(contracts.changePlan)
  async changePlan(call: Call<typeof contracts.changePlan>): Promise<Answer> {
    const { plan_id, reason = null } = call.body;
    const license = await this.licenses.find(call.params.id, call.principal);
    const wanted = await this.licenses.plan(plan_id);
    // Answers as if the plan did not exist, if the caller may not see its product.
    if (wanted.product_id !== license.product_id && !seesProduct(call.principal, wanted.product_id))
      return refusePlan('PLAN_NOT_FOUND');
    return this.#change(call, (_plan, now) => ({ type: 'ChangePlan', plan: wanted, now, reason }), plan_id);
  }

  @Endpoint(contracts.revealKey)
  async reveal(call: Call<typeof contracts.revealKey>): Promise<Answer> {
    const { id } = call.params;
    await this.licenses.find(id, call.principal);
    const answer = ({ state }: Licensed): Answer =>
      state.status === 'none'
        ? refuse('LICENSE_NOT_FOUND')
        : new Answer(200, { license_key: this.keys.open(id, state.key_sealed) });
    const outcome = await this.store.handle(
      licenseStream,
      id,
      (state) => decideLicense({ type: 'RevealKey' }, state),
      call.command(answer),
    );
    return answer(outcome);
  }

  @Endpoint(contracts.licenseHistory)
  async history(call: Call<typeof contracts.licenseHistory>): Promise<unknown> {
    const { id } = call.params;
    await this.licenses.find(id, call.principal);
    const { limit = DEFAULT_LIMIT, cursor } = call.query;
    const [after = 0] = decodeCursor(cursor, ['number']).map(Number);
    const [own, ofQuotas] = await Promise.all([
      this.store.readStreams(streamsOf(id), { after, limit: limit + 1, without: LEFT_OUT }),
      this.usage.notices(id, after, limit + 1),
    ]);
    const events = [...own, ...ofQuotas].sort((a, b) => a.position - b.position).slice(0, limit + 1);
    return pageOf(
      events,
      limit,
      ({ position }) => [position],
      (recorded) => ({
        id: recorded.id,
        type: recorded.type,
        subject: recorded.stream_id,
        version: recorded.version,
        time: recorded.recorded_at,
        actor: recorded.metadata.actor,
        data: withoutSecrets(recorded.event),
      }),
    );
  }

  async #change(
    call: Call<typeof contracts.suspendLicense>,
    command: (plan: Plan, now: string) => LicenseCommand,
    to?: string,
  ): Promise<Answer> {
    const { id } = call.params;
    await this.licenses.find(id, call.principal);
    const now = this.clock.now().toISOString();
    const outcome = await this.licenses
      .handle(
        id,
        (plan) => command(plan, now),
        call.command((changed) => current(id, changed)),
        to,
      )
      .catch(trialUsed);
    return current(id, outcome);
  }
}

const shown = (id: string, state: LicenseState) =>
  state.status === 'none' ? refuse('LICENSE_NOT_FOUND') : viewState(id, state);

const current = (id: string, { state, version }: Outcome<LicenseState, LicenseEvent>): Answer =>
  new Answer(200, shown(id, state), { etag: etag(version) });

/** Key material is never shown, not even in the history. */
const withoutSecrets = (event: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(event).filter(([field]) => !NOT_SHOWN.has(field)));

const NOT_SHOWN = new Set(['type', 'key_hash', 'key_sealed', 'token_hash']);
