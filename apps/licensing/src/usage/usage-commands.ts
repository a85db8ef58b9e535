import { Inject, Injectable } from '@nestjs/common';
import { type AddOnState, addOnStream } from '#domain/add-on/add-on';
import { refuse } from '#domain/license/license.errors';
import { licenseStream } from '#domain/license/license';
import { planStream, refusePlan } from '#domain/plan/plan';
import type { OnLicense } from '#domain/usage/usage.commands';
import { type UsageEvent, type UsageState, usageStream, usageStreamId } from '#domain/usage/usage';
import { type EventStore, type HandleOptions, type Outcome, StaleVersionError } from '#events';
import { EVENT_STORE } from '#platform';
import { Entitlements } from '../entitlements/entitlements.ts';
import { Licenses } from '../licenses/licenses.ts';

/** Commands on what a licence uses, with the licence, plan and add-ons that they reckon with. */
@Injectable()
export class UsageCommands {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly licenses: Licenses,
    private readonly entitlements: Entitlements,
  ) {}

  /**
   * Decides against licence, plan and add-ons as they are when it is committed: nothing is used on a licence that another
   * instance has revoked a moment before, nor above a limit that it has lowered. `expectedVersion` is that of the licence.
   * @throws Refusal LICENSE_NOT_FOUND, and what `decide` refuses
   */
  async handle(
    license_id: string,
    feature: string,
    decide: (on: OnLicense, usage: UsageState) => readonly UsageEvent[],
    { expectedVersion, ...options }: HandleOptions<UsageState, UsageEvent>,
  ): Promise<Outcome<UsageState, UsageEvent>> {
    const now = new Date().toISOString();
    for (;;) {
      const { state } = await this.store.load(licenseStream, license_id);
      if (state.status === 'none') return refuse('LICENSE_NOT_FOUND');
      const { plan_id, product_id, add_ons } = state;
      // What a product is never changes.
      const { type: product_type } = await this.licenses.product(product_id);
      try {
        return await this.store.handle(
          usageStream,
          usageStreamId(license_id, feature),
          (usage, _version, read) => {
            const { state: license, version } = read(licenseStream, license_id);
            if (license.status === 'none') return refuse('LICENSE_NOT_FOUND');
            if (expectedVersion !== undefined && expectedVersion !== version)
              throw new StaleVersionError(license_id, expectedVersion, version);
            const isKnown = license.plan_id === plan_id && [...license.add_ons].every((id) => add_ons.has(id));
            if (!isKnown) throw new TermsHaveChanged();
            const { state: terms } = read(planStream, plan_id);
            if (terms.status === 'none') return refusePlan('PLAN_NOT_FOUND');
            const addOns = [...license.add_ons].map((id): AddOnState => read(addOnStream, id).state);
            const { effective: entitlements } = this.entitlements.ofStates(license, terms, addOns);
            const plan = { plan_id, ...terms };
            return decide({ license_id, license, plan, product_type, entitlements, feature, now }, usage);
          },
          {
            ...options,
            reads: [
              { type: licenseStream, id: license_id },
              { type: planStream, id: plan_id },
              ...[...add_ons].map((id) => ({ type: addOnStream, id })),
            ],
          },
        );
      } catch (error) {
        if (!(error instanceof TermsHaveChanged)) throw error;
      }
    }
  }
}

/** The licence has another plan or another add-on than it had at the look before the decision. */
class TermsHaveChanged extends Error {}
