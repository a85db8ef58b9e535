import { PLAN_DEFAULTS } from '../src/licensing/plan/plan.ts';
import type { Activate } from '../src/licensing/license/license.activations.ts';
import { decideLicense, type IssueLicense, type LicenseCommand } from '../src/licensing/license/license.commands.ts';
import { type License, type LicenseEvent, licenseStream } from '../src/licensing/license/license.ts';
import type { Plan } from '../src/licensing/license/on-license.ts';

/** When the licenses of specifications are issued. */
export const T0 = '2026-01-31T09:00:00.000Z';

/** A perpetual plan, with the fields of `over` replaced. */
export const planOf = (over: Partial<Plan> = {}): Plan => ({
  ...PLAN_DEFAULTS,
  plan_id: 'plan_1',
  product_id: 'prod_1',
  name: 'Pro',
  slug: 'pro',
  license_type: 'perpetual',
  license_model: 'standard',
  ...over,
});

export const issueOf = (plan: Plan, over: Partial<IssueLicense> = {}): IssueLicense => ({
  type: 'IssueLicense',
  plan,
  customer_id: 'cus_1',
  email: 'ada@example.com',
  key_hash: 'hash',
  key_sealed: 'sealed',
  name: null,
  org_name: null,
  external_customer_id: null,
  external_workspace_id: null,
  notes: null,
  metadata: {},
  valid_from: null,
  valid_until: undefined,
  now: T0,
  ...over,
});

export const activationOf = (plan: Plan, device: string, over: Partial<Activate> = {}): Activate => ({
  type: 'Activate',
  plan,
  product_type: 'desktop',
  activation_id: `act_${device}`,
  identifier: device,
  identifier_hash: `hash of ${device}`,
  identifier_type: 'device',
  label: null,
  ip: null,
  now: T0,
  ...over,
});

/** The events of these commands. Each command is decided on the state after the ones before it. */
export const eventsAfter = (...commands: readonly LicenseCommand[]): LicenseEvent[] => {
  const events: LicenseEvent[] = [];
  for (const command of commands)
    events.push(...decideLicense(command, events.reduce(licenseStream.evolve, licenseStream.initialState)));
  return events;
};

/** A newly issued license of a plan. */
export const licenseOf = (plan: Plan, over: Partial<IssueLicense> = {}): License =>
  eventsAfter(issueOf(plan, over)).reduce(licenseStream.evolve, licenseStream.initialState) as License;
