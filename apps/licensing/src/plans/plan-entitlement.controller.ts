import { Controller, Inject } from '@nestjs/common';
import { refuseEntitlement } from '#domain/licensing/entitlements/entitlement';
import { decidePlanEntitlements } from '#domain/licensing/plan/plan.entitlements';
import { type PlanEvent, type PlanState, planStream, refusePlan } from '#domain/licensing/plan/plan';
import type { EventStore, Outcome } from '#events/store';
import { type Principal, seesProduct } from '#platform/auth/principal';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { etag } from '#platform/http/preconditions';
import { EVENT_STORE } from '#platform/service';
import {
  addEntitlement,
  changeEntitlement,
  listEntitlements,
  removeEntitlement,
} from './plan-entitlement.endpoints.ts';

type Planned = Outcome<PlanState, PlanEvent>;

@Controller()
export class PlanEntitlementController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Endpoint(addEntitlement)
  async add(call: Call<typeof addEntitlement>): Promise<Answer> {
    const { id } = call.params;
    await this.#entitlements(id, call.principal);
    const { feature } = call.body;
    const answer = (outcome: Planned): Answer => shown(201, outcome, feature);
    const outcome = await this.store.handle(
      planStream,
      id,
      (state) => decidePlanEntitlements({ type: 'AddEntitlement', entitlement: call.body }, state),
      call.command(answer),
    );
    return answer(outcome);
  }

  @Endpoint(listEntitlements)
  async list(call: Call<typeof listEntitlements>): Promise<unknown> {
    const entitlements = await this.#entitlements(call.params.id, call.principal);
    return { data: [...entitlements.values()].sort((a, b) => (a.feature < b.feature ? -1 : 1)), next_cursor: null };
  }

  @Endpoint(changeEntitlement)
  async change(call: Call<typeof changeEntitlement>): Promise<Answer> {
    const { id, feature } = call.params;
    await this.#entitlements(id, call.principal);
    const outcome = await this.store.handle(
      planStream,
      id,
      (state) => decidePlanEntitlements({ type: 'ChangeEntitlement', feature, changes: call.body }, state),
      { metadata: call.metadata(), expectedVersion: call.if_match },
    );
    return shown(200, outcome, feature);
  }

  @Endpoint(removeEntitlement)
  async remove(call: Call<typeof removeEntitlement>): Promise<Answer> {
    const { id, feature } = call.params;
    await this.#entitlements(id, call.principal);
    await this.store.handle(
      planStream,
      id,
      (state) => decidePlanEntitlements({ type: 'RemoveEntitlement', feature }, state),
      { metadata: call.metadata(), expectedVersion: call.if_match },
    );
    return new Answer(204, null);
  }

  /** @throws Refusal PLAN_NOT_FOUND, also for plans of products that the caller may not see */
  async #entitlements(id: string, principal: Principal) {
    const { state } = await this.store.load(planStream, id);
    if (state.status === 'none' || !seesProduct(principal, state.product_id)) return refusePlan('PLAN_NOT_FOUND');
    return state.entitlements;
  }
}

const shown = (status: number, { state, version }: Planned, feature: string): Answer => {
  const entitlement = state.status === 'none' ? undefined : state.entitlements.get(feature);
  return new Answer(status, entitlement ?? refuseEntitlement('ENTITLEMENT_NOT_FOUND'), { etag: etag(version) });
};
