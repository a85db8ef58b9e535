import { Controller, Inject } from '@nestjs/common';
import { limitOf } from '#domain/licensing/license/license.limits';
import { refuse } from '#domain/licensing/license/license.errors';
import { newId } from '#domain/shared/id';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { normalizeIdentifier } from '#platform/http/schemas';
import { fileAnswer } from '#platform/export/streams';
import { Identities } from '../bindings/identities.ts';
import { type Licensed, Licenses } from '../licenses/licenses.ts';
import { actorOf, Identification } from '../identification/identification.ts';
import { Leases } from '../verification/leases.ts';
import { type Found, LicenseLookup } from '../identification/license-lookup.ts';
import { ValidationLog } from '../verification/validation-log.ts';
import {
  activateLicense,
  ActivationOfLicense,
  deactivateLicense,
  listActivations,
  removeActivation,
  searchActivations,
} from './activation.endpoints.ts';
import { ActivationList } from './activation.list.ts';
import { GivingUp, hashOfActivation } from './giving-up.ts';

@Controller()
export class ActivationController {
  constructor(
    private readonly licenses: Licenses,
    private readonly lookup: LicenseLookup,
    private readonly leases: Leases,
    private readonly log: ValidationLog,
    private readonly activations: ActivationList,
    private readonly identification: Identification,
    private readonly identities: Identities,
    private readonly givingUp: GivingUp,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Endpoint(activateLicense)
  async activate(call: Call<typeof activateLicense>): Promise<Answer> {
    const { license_key, identifier, identity, identifier_type = 'device', label = null } = call.body;
    const found = await this.identification.byKey(license_key, call);
    const identifier_hash = this.lookup.fingerprint(identifier);
    const activation_id = newId('act');
    const now = this.clock.now();
    const answer = (outcome: Licensed): Answer => this.#activated(found, outcome, identifier_hash, now.getTime());
    const outcome = await this.licenses.handle(
      found.id,
      (plan) => ({
        type: 'Activate',
        plan,
        product_type: found.product.state.type,
        activation_id,
        identifier: normalizeIdentifier(identifier),
        identifier_hash,
        identifier_type,
        identity_hash: this.identities.hash(identity, plan.bound_identity),
        label,
        ip: call.ip,
        now: now.toISOString(),
      }),
      call.command(answer, actorOf(call.principal, found.id)),
    );
    return answer(outcome);
  }

  #activated(found: Found, { state, version, events }: Licensed, identifier_hash: string, now: number): Answer {
    const license = state.status === 'none' ? refuse('LICENSE_NOT_FOUND') : state;
    const activation = license.activations.get(identifier_hash) ?? refuse('ACTIVATION_NOT_FOUND');
    const { state: plan, version: plan_version } = found.plan;
    const token = this.leases.for(
      {
        license_id: found.id,
        license,
        version,
        plan,
        plan_version,
        entitlements: found.granted.claims,
        fingerprint_hash: identifier_hash,
      },
      now,
    );
    return new Answer(events.length > 0 ? 201 : 200, {
      activation_id: activation.activation_id,
      license_id: found.id,
      status: license.status,
      identifier_type: activation.identifier_type,
      label: activation.label,
      activated_at: activation.added_at,
      activations: license.activations.size,
      max_activations: limitOf(plan.max_activations, license),
      valid_until: license.valid_until,
      token,
    });
  }

  @Endpoint(deactivateLicense)
  async deactivate(call: Call<typeof deactivateLicense>): Promise<Answer> {
    const { license_key, identifier } = call.body;
    const found = await this.identification.byKey(license_key, call);
    const identifier_hash = this.lookup.fingerprint(identifier);
    return this.givingUp.handle(found, call, () => identifier_hash);
  }

  @Endpoint(listActivations)
  async list(call: Call<typeof listActivations>): Promise<unknown> {
    const { id } = call.params;
    const license = await this.licenses.find(id, call.principal);
    await this.log.flush();
    return { data: await this.activations.ofLicense(id, license), next_cursor: null };
  }

  @Endpoint(searchActivations)
  async search({ query, principal }: Call<typeof searchActivations>): Promise<unknown> {
    await this.log.flush();
    const { format } = query;
    if (format === undefined) return this.activations.page(query, principal.product_id);
    const columns = Object.keys(ActivationOfLicense.properties);
    return fileAnswer('activations', format, columns, this.activations.all(query, principal.product_id));
  }

  @Endpoint(removeActivation)
  async remove(call: Call<typeof removeActivation>): Promise<Answer> {
    const { id, activation_id } = call.params;
    await this.licenses.find(id, call.principal);
    await this.licenses.handle(
      id,
      (plan, state) => ({
        type: 'Deactivate',
        plan,
        identifier_hash: hashOfActivation(state, activation_id),
        reason: 'operator',
        now: this.clock.now().toISOString(),
      }),
      { metadata: call.metadata(), expectedVersion: call.if_match },
    );
    return new Answer(204, null);
  }
}
