import { Controller } from '@nestjs/common';
import { refuse } from '#domain/license/license.errors';
import type { License, LicenseEvent, LicenseState } from '#domain/license/license';
import { newId } from '#domain/shared/id';
import { Answer, type Call, Endpoint, normalizeIdentifier } from '#platform';
import type { Outcome } from '#events';
import { fileAnswer } from '../exports/streams.ts';
import { Licenses } from '../licenses/licenses.ts';
import { actorOf, Identification } from '../verification/identification.ts';
import { Leases } from '../verification/leases.ts';
import { type Found, LicenseLookup } from '../verification/license-lookup.ts';
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

type Licensed = Outcome<LicenseState, LicenseEvent>;

@Controller()
export class ActivationController {
  constructor(
    private readonly licenses: Licenses,
    private readonly lookup: LicenseLookup,
    private readonly leases: Leases,
    private readonly log: ValidationLog,
    private readonly activations: ActivationList,
    private readonly identification: Identification,
  ) {}

  @Endpoint(activateLicense)
  async activate(call: Call<typeof activateLicense>): Promise<Answer> {
    const { license_key, identifier, identifier_type = 'device', label = null } = call.body;
    const found = await this.identification.byKey(license_key, call.principal, call.ip);
    const identifier_hash = this.lookup.fingerprint(identifier);
    const activation_id = newId('act');
    const now = new Date();
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
      max_activations: plan.max_activations,
      valid_until: license.valid_until,
      token,
    });
  }

  @Endpoint(deactivateLicense)
  async deactivate(call: Call<typeof deactivateLicense>): Promise<Answer> {
    const { license_key, identifier } = call.body;
    const found = await this.identification.byKey(license_key, call.principal, call.ip);
    const identifier_hash = this.lookup.fingerprint(identifier);
    const answer = ({ state, events }: Licensed): Answer => {
      const removed = events.find(({ event }) => event.type === 'activation.removed')?.event;
      return new Answer(200, {
        activation_id: removed?.type === 'activation.removed' ? removed.activation_id : refuse('ACTIVATION_NOT_FOUND'),
        license_id: found.id,
        activations: state.status === 'none' ? 0 : state.activations.size,
        max_activations: found.plan.state.max_activations,
      });
    };
    const outcome = await this.licenses.handle(
      found.id,
      () => ({ type: 'Deactivate', identifier_hash, reason: 'client' }),
      call.command(answer, actorOf(call.principal, found.id)),
    );
    return answer(outcome);
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
      (_plan, state) => ({ type: 'Deactivate', identifier_hash: hashOf(state, activation_id), reason: 'operator' }),
      { metadata: call.metadata(), expectedVersion: call.if_match },
    );
    return new Answer(204, null);
  }
}

const hashOf = (state: LicenseState, activationId: string): string => {
  const activations: License['activations'] = state.status === 'none' ? new Map() : state.activations;
  for (const [hash, { activation_id }] of activations) if (activation_id === activationId) return hash;
  return refuse('ACTIVATION_NOT_FOUND');
};
