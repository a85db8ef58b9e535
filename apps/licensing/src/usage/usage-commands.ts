import { Inject, Injectable } from '@nestjs/common';
import { type AddOnState, addOnStream } from '#domain/add-on/add-on';
import { licenseStream } from '#domain/license/license';
import { planStream, refusePlan } from '#domain/plan/plan';
import type { OnFeature } from '#domain/usage/usage.commands';
import { type UsageEvent, type UsageState, usageStream, usageStreamId } from '#domain/usage/usage';
import { type EventStore, type HandleOptions, type Outcome, StaleVersionError } from '#events';
import { EVENT_STORE } from '#platform';
import { Entitlements } from '../entitlements/entitlements.ts';
import { BesideLicense } from '../licenses/beside-license.ts';

type Options = HandleOptions<UsageState, UsageEvent>;
type Used = Outcome<UsageState, UsageEvent>;
type Decide = (on: OnFeature, usage: UsageState) => readonly UsageEvent[];

/** Commands on what a licence uses of a feature, with what it may use. */
@Injectable()
export class UsageCommands {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly beside: BesideLicense,
    private readonly entitlements: Entitlements,
  ) {}

  /**
   * Decides against licence, plan and add-ons as they are when it is committed: nothing is used on a licence that another
   * instance has revoked a moment before, nor above a limit that it has lowered. `expectedVersion` is that of the licence.
   * @throws Refusal LICENSE_NOT_FOUND, and what `decide` refuses
   */
  async handle(license_id: string, feature: string, decide: Decide, options: Options): Promise<Used> {
    for (;;) {
      const { state } = await this.store.load(licenseStream, license_id);
      const addOns: ReadonlySet<string> = state.status === 'none' ? new Set() : state.add_ons;
      try {
        return await this.#handle(license_id, addOns, feature, decide, options);
      } catch (error) {
        if (!(error instanceof AddOnsHaveChanged)) throw error;
      }
    }
  }

  #handle(
    license_id: string,
    known: ReadonlySet<string>,
    feature: string,
    decide: Decide,
    { expectedVersion, ...options }: Options,
  ): Promise<Used> {
    return this.beside.handle(
      license_id,
      usageStream,
      usageStreamId(license_id, feature),
      (on, usage, read) => {
        const { version } = read(licenseStream, license_id);
        if (expectedVersion !== undefined && expectedVersion !== version)
          throw new StaleVersionError(license_id, expectedVersion, version);
        const { add_ons, plan_id } = on.license;
        if (![...add_ons].every((id) => known.has(id))) throw new AddOnsHaveChanged();
        const { state: plan } = read(planStream, plan_id);
        if (plan.status === 'none') return refusePlan('PLAN_NOT_FOUND');
        const addOns = [...add_ons].map((id): AddOnState => read(addOnStream, id).state);
        const { effective } = this.entitlements.ofStates(on.license, plan, addOns);
        return decide({ ...on, entitlements: effective, feature }, usage);
      },
      { ...options, reads: [...known].map((id) => ({ type: addOnStream, id })) },
    );
  }
}

/** The licence has an add-on that it had not at the look before the decision. */
class AddOnsHaveChanged extends Error {}
