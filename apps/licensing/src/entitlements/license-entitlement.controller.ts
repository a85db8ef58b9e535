import { Controller, Inject } from '@nestjs/common';
import { addOnStream } from '#domain/licensing/add-on/add-on';
import type { EffectiveEntitlement } from '#domain/licensing/entitlements/effective';
import {
  decideLicenseEntitlements,
  type LicenseEntitlementCommand,
} from '#domain/licensing/license/license.entitlements';
import { refuse } from '#domain/licensing/license/license.errors';
import { type License, licenseStream, type LicenseState } from '#domain/licensing/license/license';
import { type Plan, planStream, refusePlan } from '#domain/licensing/plan/plan';
import { productSupports } from '#domain/licensing/product/product';
import type { EventStore, Read, StreamRef } from '#events/store';
import { Answer, type Call, Endpoint, type EndpointContract } from '#platform/http/endpoint';
import { etag } from '#platform/http/preconditions';
import { EVENT_STORE } from '#platform/service';
import { Licenses } from '../licenses/licenses.ts';
import { Entitlements } from './entitlements.ts';
import * as contracts from './license-entitlement.endpoints.ts';

@Controller()
export class LicenseEntitlementController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly licenses: Licenses,
    private readonly entitlements: Entitlements,
  ) {}

  @Endpoint(contracts.readEntitlements)
  async read(call: Call<typeof contracts.readEntitlements>): Promise<unknown> {
    return this.#all(await this.licenses.find(call.params.id, call.principal));
  }

  @Endpoint(contracts.enableAddOn)
  async enable(call: Call<typeof contracts.enableAddOn>): Promise<Answer> {
    const { id, add_on_id } = call.params;
    await this.#withEntitlements(await this.licenses.find(id, call.principal));
    const { version } = await this.#decide(
      call,
      (_state, read) => ({ type: 'EnableAddOn', add_on_id, add_on: read(addOnStream, add_on_id).state }),
      [{ type: addOnStream, id: add_on_id }],
    );
    return new Answer(200, await this.#all(await this.licenses.find(id, call.principal)), { etag: etag(version) });
  }

  @Endpoint(contracts.disableAddOn)
  async disable(call: Call<typeof contracts.disableAddOn>): Promise<Answer> {
    const { id, add_on_id } = call.params;
    await this.licenses.find(id, call.principal);
    await this.#decide(call, () => ({ type: 'DisableAddOn', add_on_id }));
    return new Answer(204, null);
  }

  @Endpoint(contracts.overrideEntitlement)
  async override(call: Call<typeof contracts.overrideEntitlement>): Promise<Answer> {
    const { id, feature } = call.params;
    const { reason = null, ...wanted } = call.body;
    const license = await this.licenses.find(id, call.principal);
    await this.#withEntitlements(license);
    const { entitlements } = await this.#plan(license);
    const { state, version } = await this.#decide(call, () => ({
      type: 'OverrideEntitlement',
      override: { feature, ...wanted },
      entitlements,
      reason,
    }));
    const { [feature]: entitlement } = await this.#effective(state);
    return new Answer(200, { feature, ...entitlement }, { etag: etag(version) });
  }

  @Endpoint(contracts.restoreEntitlement)
  async restore(call: Call<typeof contracts.restoreEntitlement>): Promise<Answer> {
    const { id, feature } = call.params;
    await this.licenses.find(id, call.principal);
    await this.#decide(call, () => ({ type: 'RestoreEntitlement', feature }));
    return new Answer(204, null);
  }

  #decide(
    call: Call<EndpointContract & { readonly params: typeof contracts.readEntitlements.params }>,
    command: (state: LicenseState, read: Read) => LicenseEntitlementCommand,
    reads: readonly StreamRef[] = [],
  ) {
    return this.store.handle(
      licenseStream,
      call.params.id,
      (state, _version, read) => decideLicenseEntitlements(command(state, read), state),
      { metadata: call.metadata(), ...(call.if_match === undefined ? {} : { expectedVersion: call.if_match }), reads },
    );
  }

  async #withEntitlements({ product_id }: License): Promise<void> {
    const { type } = await this.licenses.product(product_id);
    if (!productSupports(type, 'entitlements')) refuse('FEATURE_NOT_AVAILABLE');
  }

  async #effective(state: LicenseState): Promise<Readonly<Record<string, EffectiveEntitlement>>> {
    if (state.status === 'none') return refuse('LICENSE_NOT_FOUND');
    return (await this.entitlements.of(state, await this.#plan(state))).effective;
  }

  async #plan({ plan_id }: License): Promise<Plan> {
    const { state } = await this.store.load(planStream, plan_id);
    return state.status === 'none' ? refusePlan('PLAN_NOT_FOUND') : state;
  }

  async #all(license: License): Promise<unknown> {
    const effective = Object.entries(await this.#effective(license));
    const data = effective.map(([feature, entitlement]) => ({ feature, ...entitlement }));
    return { add_ons: [...license.add_ons].sort(), data, next_cursor: null };
  }
}
