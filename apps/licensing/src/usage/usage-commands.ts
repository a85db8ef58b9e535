import { Injectable } from '@nestjs/common';
import { addOnStream } from '#domain/licensing/add-on/add-on';
import { type License, licenseStream } from '#domain/licensing/license/license';
import { planStream, refusePlan } from '#domain/licensing/plan/plan';
import type { OnFeature } from '#domain/licensing/usage/usage.commands';
import { type UsageEvent, type UsageState, usageStream, usageStreamId } from '#domain/licensing/usage/usage';
import { type HandleOptions, isExpected, type Outcome, StaleVersionError, type StreamRef } from '#events/store';
import { Entitlements } from '../entitlements/entitlements.ts';
import { BesideLicense } from '../licenses/beside-license.ts';

type Options = HandleOptions<UsageState, UsageEvent>;
type Used = Outcome<UsageState, UsageEvent>;
type Decide = (on: OnFeature, usage: UsageState) => readonly UsageEvent[];

/** Commands on the usage of a feature by a license. They decide with the entitlements of the license. */
@Injectable()
export class UsageCommands {
  constructor(
    private readonly beside: BesideLicense,
    private readonly entitlements: Entitlements,
  ) {}

  /**
   * Decides with the license, plan and add-ons as they are at commit. So no usage is counted if another instance has just revoked
   * the license, nor above a limit that it has just lowered. `expectedVersion` is the version of the license.
   * @throws Refusal LICENSE_NOT_FOUND, and the refusals of `decide`
   */
  handle(license_id: string, feature: string, decide: Decide, { expectedVersion, ...options }: Options): Promise<Used> {
    return this.beside.handle(
      license_id,
      usageStream,
      usageStreamId(license_id, feature),
      (on, usage, read) => {
        const { version } = read(licenseStream, license_id);
        if (expectedVersion !== undefined && !isExpected(version, expectedVersion))
          throw new StaleVersionError(license_id, expectedVersion, version);
        const { state: plan } = read(planStream, on.license.plan_id);
        if (plan.status === 'none') return refusePlan('PLAN_NOT_FOUND');
        const addOns = addOnsOf(on.license).map(({ id }) => read(addOnStream, id).state);
        const { effective } = this.entitlements.ofStates(on.license, plan, addOns);
        return decide({ ...on, entitlements: effective, feature }, usage);
      },
      options,
      addOnsOf,
    );
  }
}

const addOnsOf = ({ add_ons }: License): StreamRef[] => [...add_ons].map((id) => ({ type: addOnStream, id }));
