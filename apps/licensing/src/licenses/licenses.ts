import { Inject, Injectable } from '@nestjs/common';
import { decideLicense, type LicenseCommand } from '#domain/licensing/license/license.commands';
import type { Plan } from '#domain/licensing/license/on-license';
import { refuse } from '#domain/licensing/license/license.errors';
import { type License, licenseStream, type LicenseEvent, type LicenseState } from '#domain/licensing/license/license';
import { planStream, refusePlan } from '#domain/licensing/plan/plan';
import { type Product, productStream, refuseProduct } from '#domain/licensing/product/product';
import type { EventStore, HandleOptions, Outcome, Read, StreamRef } from '#events/store';
import { tryAgain } from '#events/try-again';
import { type Principal, seesProduct } from '#platform/auth/principal';
import { EVENT_STORE } from '#platform/service';

export type Licensed = Outcome<LicenseState, LicenseEvent>;

/** Licenses with the plans and products that commands on them depend on. */
@Injectable()
export class Licenses {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /** @throws Refusal LICENSE_NOT_FOUND, also for licenses of products that the caller may not see */
  async find(id: string, principal: Principal): Promise<License> {
    const { state } = await this.store.load(licenseStream, id);
    if (state.status === 'none' || !seesProduct(principal, state.product_id)) return refuse('LICENSE_NOT_FOUND');
    return state;
  }

  /** @throws Refusal PLAN_NOT_FOUND */
  async plan(plan_id: string): Promise<Plan> {
    const { state } = await this.store.load(planStream, plan_id);
    return state.status === 'none' ? refusePlan('PLAN_NOT_FOUND') : { plan_id, ...state };
  }

  /** The plan as it is at the commit of a command that names it in `reads`. @throws Refusal PLAN_NOT_FOUND */
  planAtCommit(read: Read, plan_id: string): Plan {
    const { state } = read(planStream, plan_id);
    return state.status === 'none' ? refusePlan('PLAN_NOT_FOUND') : { plan_id, ...state };
  }

  /** For `reads` of a command that gives a license a plan: the plan may be deleted at the same time. */
  reads(plan_id: string): readonly StreamRef[] {
    return [{ type: planStream, id: plan_id }];
  }

  /** @throws Refusal PRODUCT_NOT_FOUND */
  async product(id: string): Promise<Product> {
    const { state } = await this.store.load(productStream, id);
    return state.status === 'none' ? refuseProduct('PRODUCT_NOT_FOUND') : state;
  }

  /**
   * Decides a command that depends on the license's plan. If the license has another plan by the time of the decision, the
   * command is decided again with that plan.
   * @param to the plan that the command gives the license; undefined = it stays. The present plan cannot be deleted
   */
  async handle(
    id: string,
    command: (plan: Plan, state: LicenseState) => LicenseCommand,
    options: HandleOptions<LicenseState, LicenseEvent>,
    to?: string,
  ): Promise<Licensed> {
    const attempt = async (): Promise<Licensed> => {
      const { state } = await this.store.load(licenseStream, id);
      if (state.status === 'none') return refuse('LICENSE_NOT_FOUND');
      const plan = await this.plan(state.plan_id);
      return this.store.handle(
        licenseStream,
        id,
        (present, _version, read) => {
          if (to !== undefined && to !== plan.plan_id) this.planAtCommit(read, to);
          if (present.status !== 'none' && present.plan_id !== plan.plan_id) throw new PlanHasChanged();
          return decideLicense(command(plan, present), present);
        },
        to === undefined || to === plan.plan_id ? options : { ...options, reads: this.reads(to) },
      );
    };
    return tryAgain(attempt, { when: (error) => error instanceof PlanHasChanged });
  }
}

/** The license got another plan between the read and the decision. */
class PlanHasChanged extends Error {}
