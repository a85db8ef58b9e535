import { Controller, Inject } from '@nestjs/common';
import type { EffectiveEntitlement } from '#domain/licensing/entitlements/effective';
import { refuseEntitlement } from '#domain/licensing/entitlements/entitlement';
import { assertUsable } from '#domain/licensing/license/license.usability';
import { refuse } from '#domain/licensing/license/license.errors';
import { productSupports } from '#domain/licensing/product/product';
import { Refusal } from '#domain/shared/refusal';
import { recordUsage as decide, type Usage, type UsageRecord } from '#domain/licensing/usage/usage.commands';
import type { Actor } from '#events/event';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { actorOf } from '../identification/identification.ts';
import { type Found, LicenseLookup } from '../identification/license-lookup.ts';
import { type Consumed, Consumption } from './consumption.ts';
import { QuotaExceeded } from './quota-exceeded.ts';
import { type Calling, UsageCallers } from './usage-callers.ts';
import { UsageCommands } from './usage-commands.ts';
import { licenseEntitlements, recordUsage, usageStatus } from './usage.endpoints.ts';
import { quotaUse } from './usage.view.ts';

@Controller()
export class UsageController {
  constructor(
    private readonly callers: UsageCallers,
    private readonly lookup: LicenseLookup,
    private readonly commands: UsageCommands,
    private readonly consumption: Consumption,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Endpoint(recordUsage)
  async record(call: Call<typeof recordUsage>): Promise<Answer> {
    const license_id = await this.callers.license(call);
    const { feature, quantity, timestamp, metadata = null } = call.body;
    const occurred_at = timestamp ?? this.clock.now().toISOString();
    const record: UsageRecord = { quantity, occurred_at, metadata, idempotency_key: null };
    const actor = actorOf(call.principal, license_id);
    // Set by the last decision: the store decides again if another process wrote in the meantime.
    let usage: Usage | undefined;
    const answer = (): Answer => new Answer(200, { ...counted(license_id, feature, quantity, usage) });
    try {
      await this.commands.handle(
        license_id,
        feature,
        (on, state) => {
          const { outcomes, events } = decide(on, [record], state);
          const [outcome] = outcomes;
          if (outcome instanceof Refusal) throw outcome;
          if (outcome?.accepted === false) throw new QuotaExceeded(outcome, events.length > 0, on.now);
          usage = outcome;
          return events;
        },
        call.command(answer, actor),
      );
    } catch (error) {
      if (error instanceof QuotaExceeded && error.isNews) await this.#tell(call, actor, license_id, feature, record);
      throw error;
    }
    return answer();
  }

  /** Records the notice of an exceeded quota even though the call is refused: once per period, in a separate append. */
  async #tell(
    call: Call<typeof recordUsage>,
    actor: Actor,
    license_id: string,
    feature: string,
    record: UsageRecord,
  ): Promise<void> {
    await this.commands.handle(
      license_id,
      feature,
      (on, state) => {
        const { outcomes, events } = decide(on, [record], state);
        const [outcome] = outcomes;
        return outcome instanceof Refusal || outcome?.accepted === true ? [] : events;
      },
      { metadata: call.metadata(actor) },
    );
  }

  @Endpoint(usageStatus)
  async status(call: Call<typeof usageStatus>): Promise<unknown> {
    const { found, consumed } = await this.#read(call);
    return { license_id: found.id, usage: only(call.body.feature, consumed) };
  }

  @Endpoint(licenseEntitlements)
  async entitlements(call: Call<typeof licenseEntitlements>): Promise<unknown> {
    const { found, consumed } = await this.#read(call);
    const asked = only(call.body.feature, found.granted.effective);
    return {
      license_id: found.id,
      entitlements: Object.fromEntries(
        Object.entries(asked).map(([feature, entitlement]) => [feature, shown(entitlement, consumed[feature])]),
      ),
    };
  }

  async #read(call: Calling): Promise<{ readonly found: Found; readonly consumed: Consumed }> {
    const found = (await this.lookup.byId(await this.callers.license(call))) ?? refuse('LICENSE_NOT_FOUND');
    const now = this.clock.now().toISOString();
    const { license, plan, product } = found;
    if (!productSupports(product.state.type, 'entitlements')) return refuse('FEATURE_NOT_AVAILABLE');
    assertUsable(license.state, plan.state, now);
    return { found, consumed: await this.consumption.read(found.id, found.granted, now) };
  }
}

const counted = (license_id: string, feature: string, quantity: number, usage: Usage | undefined) =>
  usage && {
    accepted: true,
    license_id,
    feature,
    quantity,
    overage: usage.overage,
    ...quotaUse(usage.quota, usage.period, usage.used),
  };

/** @throws Refusal ENTITLEMENT_NOT_FOUND */
const only = <T>(feature: string | undefined, all: Readonly<Record<string, T>>): Readonly<Record<string, T>> => {
  if (feature === undefined) return all;
  const one = Object.hasOwn(all, feature) ? all[feature] : undefined;
  return one === undefined ? refuseEntitlement('ENTITLEMENT_NOT_FOUND', { feature }) : { [feature]: one };
};

const shown = (
  { value_type, value, quota_unit, overage }: EffectiveEntitlement,
  consumed: Consumed[string] | undefined,
) => ({ value_type, value, quota_unit, overage, ...consumed });
