import { specification } from '#domain/testing/given';
import { eventsAfter, issueOf, planOf, T0 } from '#domain/testing/license.given';
import { addDays } from '../../shared/time.ts';
import type { BillingCommand } from './license.billing.ts';
import { decideLicense, type LicenseCommand } from './license.commands.ts';
import type { IssueForSale } from './license.issue-for-sale.ts';
import { type License, type LicenseEvent, licenseStream } from './license.ts';
import { usability } from './license.usability.ts';
import type { Plan } from './on-license.ts';

const monthly = planOf({ license_type: 'subscription', billing_interval: 'month', trial_days: 14, grace_days: 7 });
const END = '2026-02-28T09:00:00.000Z';
const NEXT = '2026-03-31T09:00:00.000Z';

const sold = (over: Partial<IssueForSale> = {}): IssueForSale => ({
  type: 'IssueForSale',
  plan: monthly,
  sale: { subscription_id: 'sub_1', payment_provider: 'bank_transfer', invoice_id: null },
  customer_id: 'cus_1',
  email: 'ada@example.com',
  name: 'Ada',
  locale: 'de',
  external_customer_id: 'acme/ada',
  key_hash: 'hash',
  key_sealed: 'sealed',
  quantity: 1,
  from: T0,
  valid_until: END,
  trial: false,
  paid: true,
  subscription_version: 2,
  now: T0,
  ...over,
});

/** Distributes over the union, so that each command keeps its own fields. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type Reported = Without<BillingCommand, 'plan' | 'subscription_version' | 'now'>;

const reported = (command: Reported, version: number, now: string, plan: Plan = monthly): LicenseCommand =>
  ({ plan, now, subscription_version: version, ...command }) as LicenseCommand;

const renewed = (version: number, now = END, plan = monthly): LicenseCommand =>
  reported(
    {
      type: 'SetTerm',
      from: END,
      valid_until: NEXT,
      trial: false,
      paid: true,
      lifts: ['unpaid', 'ended', 'refunded'],
    },
    version,
    now,
    plan,
  );
const pastDue = (version: number): LicenseCommand =>
  reported({ type: 'MarkPastDue', past_due_at: END, grace_until: addDays(END, 7) }, version, END);
const graceEnded = (version: number): LicenseCommand =>
  reported({ type: 'EndGraceByBilling' }, version, addDays(END, 7));
const ended = (version: number, plan: Plan, over: Partial<Extract<Reported, { type: 'EndOfSubscription' }>> = {}) =>
  reported(
    { type: 'EndOfSubscription', valid_until: END, reason: 'too expensive', unpaid: false, ...over },
    version,
    addDays(T0, 5),
    plan,
  );
const suspend: LicenseCommand = { type: 'SuspendLicense', plan: monthly, now: T0, reason: 'abuse' };

const given = (...commands: readonly LicenseCommand[]) =>
  specification({ ...licenseStream, decide: decideLicense })(...eventsAfter(...commands));
const after = (...commands: readonly LicenseCommand[]): License =>
  eventsAfter(...commands).reduce(licenseStream.evolve, licenseStream.initialState) as License;
const typesOf = (events: readonly LicenseEvent[]): string[] => events.map(({ type }) => type);

describe('a license that is issued for a subscription', () => {
  it('has the term and the customer of the subscription, and no trial of its plan', () => {
    given()
      .when(sold())
      .thenMatches([
        {
          type: 'license.created',
          status: 'active',
          trial: false,
          email: 'ada@example.com',
          locale: 'de',
          external_customer_id: 'acme/ada',
          valid_from: T0,
          valid_until: END,
          term_anchor: T0,
          subscription_id: 'sub_1',
          payment_provider: 'bank_transfer',
          quantity: 1,
          expires_at: addDays(END, 7),
          subscription_version: 2,
        },
      ]);
  });

  it('is trialing without using the one trial of licensing', () => {
    given()
      .when(sold({ trial: true }))
      .thenMatches([{ type: 'license.created', status: 'trialing', trial: true }]);
  });

  it('is issued for a plan that is not sold any more, and without an address', () => {
    given()
      .when(sold({ plan: { ...monthly, active: false }, email: null, name: null, locale: null }))
      .thenMatches([{ type: 'license.created', email: null }]);
  });

  it('has expired when the event comes after its term and grace period', () => {
    expect(after(sold({ now: addDays(END, 7) })).status).toBe('expired');
  });

  it('is issued once', () => {
    given(sold()).when(sold()).thenRefused('LICENSE_EXISTS');
  });
});

describe('a license takes its term from its subscription alone', () => {
  const letTimePass = (now: string): LicenseCommand => ({ type: 'LetTimePass', plan: monthly, now });

  it('is not past due at the end of the term', () => {
    given(sold()).when(letTimePass(END)).thenNothing();
    expect(usability(after(sold()), monthly, addDays(END, 6))).toBe('usable');
  });

  it('expires with the grace period if billing is silent', () => {
    given(sold())
      .when(letTimePass(addDays(END, 7)))
      .then([{ type: 'license.expired', product_id: 'prod_1', valid_until: END }]);
    expect(usability(after(sold()), monthly, addDays(END, 7))).toBe('expired');
  });

  it('is looked at again later if the plan has a longer grace period in the meantime', () => {
    const longer = { ...monthly, grace_days: 30 };
    const command: LicenseCommand = { type: 'LetTimePass', plan: longer, now: addDays(END, 7) };
    given(sold())
      .when(command)
      .then([{ type: 'license.expiry_postponed', product_id: 'prod_1', expires_at: addDays(END, 30) }]);
    given(sold(), command).when(command).thenNothing();
  });

  it('is renewed until an explicit end', () => {
    given(sold())
      .when(renewed(3))
      .thenMatches([
        {
          type: 'license.renewed',
          status: 'active',
          valid_until: NEXT,
          term_anchor: T0,
          expires_at: addDays(NEXT, 7),
          subscription_version: 3,
        },
      ]);
  });

  it('is extended until the invoice is due, and then by the payment', () => {
    const due = addDays(END, 14);
    const invoiced = reported(
      { type: 'SetTerm', from: END, valid_until: due, trial: false, paid: false, lifts: [] },
      3,
      END,
    );
    expect(after(sold(), invoiced)).toMatchObject({ status: 'active', valid_until: due });
    expect(after(sold(), invoiced, renewed(4))).toMatchObject({ status: 'active', valid_until: NEXT });
  });

  it('includes new releases for the days of the plan from the beginning of a paid period, once', () => {
    const plan = { ...monthly, updates_days: 60 };
    const commands = [sold({ plan }), renewed(3, END, plan), renewed(4, END, plan)];
    expect(after(...commands).updates_until).toBe(addDays(END, 60));
  });

  it('comes back after it has expired', () => {
    const commands = [sold(), letTimePass(addDays(END, 8)), renewed(3, addDays(END, 9))];
    expect(after(...commands)).toMatchObject({ status: 'active', valid_until: NEXT });
  });
});

describe('an event of the subscription has its effect once', () => {
  it('is ignored when it comes again, or is older than the last one', () => {
    given(sold(), renewed(3), pastDue(4)).when(pastDue(4)).thenNothing();
    given(sold(), renewed(3), pastDue(4)).when(renewed(3)).thenNothing();
  });

  it('is remembered even if it changes nothing', () => {
    const kept = { ...monthly, pause_policy: 'keep' } as const;
    given(sold())
      .when(reported({ type: 'PauseByBilling' }, 3, T0, kept))
      .then([{ type: 'license.billing_followed', product_id: 'prod_1', subscription_version: 3 }]);
    given(sold(), reported({ type: 'PauseByBilling' }, 3, T0, kept))
      .when(reported({ type: 'PauseByBilling' }, 3, T0))
      .thenNothing();
  });

  it('changes nothing in a whole second run', () => {
    const history = [sold(), renewed(3), pastDue(4), graceEnded(5), renewed(6, addDays(END, 9))];
    const { length } = eventsAfter(...history);
    const twice = [...history, ...history.slice(1)];
    expect(eventsAfter(...twice)).toHaveLength(length);
  });
});

describe('a missing payment', () => {
  it('gives a grace period, then suspends, and a payment undoes both', () => {
    expect(after(sold(), pastDue(3))).toMatchObject({
      status: 'past_due',
      past_due_at: END,
      grace_until: addDays(END, 7),
    });
    expect(usability(after(sold(), pastDue(3)), monthly, END)).toBe('in_grace');
    given(sold(), pastDue(3))
      .when(graceEnded(4))
      .then([
        {
          type: 'license.suspended',
          product_id: 'prod_1',
          reason: 'unpaid',
          by: 'unpaid',
          subscription_version: 4,
        },
      ]);
    const recovered = after(sold(), pastDue(3), graceEnded(4), renewed(5, addDays(END, 9)));
    expect(recovered).toMatchObject({ status: 'active', past_due_at: null, grace_until: null, valid_until: NEXT });
    expect(recovered.holds.size).toBe(0);
  });

  it('stays past due when the next period is invoiced, or the plan changes', () => {
    const invoiced = reported(
      { type: 'SetTerm', from: END, valid_until: NEXT, trial: false, paid: false, lifts: [] },
      4,
      END,
    );
    const kept = { status: 'past_due', grace_until: addDays(END, 7), past_due_at: END };
    expect(after(sold(), pastDue(3), invoiced)).toMatchObject(kept);
    const to = { ...monthly, plan_id: 'plan_2' };
    const changed = reported({ type: 'ChangeByBilling', to, quantity: 2, valid_until: NEXT, trial: false }, 4, END);
    expect(after(sold(), pastDue(3), changed)).toMatchObject({ ...kept, plan_id: 'plan_2', quantity: 2 });
  });
});

describe('an operator’s decision', () => {
  it('keeps a license suspended, whatever billing reports', () => {
    const events = eventsAfter(sold(), suspend, pastDue(3), graceEnded(4), renewed(5, addDays(END, 9)));
    expect(typesOf(events).filter((type) => type === 'license.reinstated')).toEqual([]);
    const license = events.reduce(licenseStream.evolve, licenseStream.initialState) as License;
    expect(license).toMatchObject({ status: 'suspended', resumes_as: 'active', valid_until: NEXT });
    expect([...license.holds]).toEqual(['operator']);
  });

  it('outlives the suspension by billing', () => {
    const license = after(sold(), pastDue(3), graceEnded(4), suspend, renewed(5, addDays(END, 9)));
    expect(license).toMatchObject({ status: 'suspended', resumes_as: 'active' });
  });

  it('reinstates a license that billing has suspended', () => {
    const reinstate: LicenseCommand = { type: 'ReinstateLicense', plan: monthly, now: END, reason: 'goodwill' };
    expect(after(sold(), renewed(3), graceEnded(4), reinstate).status).toBe('active');
  });

  it('is final when it revokes or cancels', () => {
    const revoke: LicenseCommand = { type: 'RevokeLicense', plan: monthly, now: T0, reason: null };
    given(sold(), revoke).when(renewed(3)).thenNothing();
    const cancel: LicenseCommand = { type: 'CancelLicense', plan: monthly, now: T0, reason: null };
    expect(after(sold(), cancel, renewed(3))).toMatchObject({ status: 'canceled', valid_until: END });
  });
});

describe('another plan or quantity', () => {
  const change = (to: Plan, quantity: number) =>
    reported({ type: 'ChangeByBilling', to, quantity, valid_until: END, trial: false }, 3, T0);

  it('changes the plan with the term of the subscription', () => {
    given(sold())
      .when(change({ ...monthly, plan_id: 'plan_2' }, 3))
      .thenMatches([
        { type: 'plan.changed', plan_id: 'plan_2', previous_plan_id: 'plan_1', status: 'active', valid_until: END },
        { type: 'license.quantity_changed', quantity: 3, previous_quantity: 1, subscription_version: 3 },
      ]);
  });

  it('changes the quantity alone', () => {
    given(sold())
      .when(change(monthly, 3))
      .then([
        {
          type: 'license.quantity_changed',
          product_id: 'prod_1',
          quantity: 3,
          previous_quantity: 1,
          subscription_version: 3,
        },
      ]);
  });

  it('is refused for a plan of another product', () => {
    given(sold())
      .when(change({ ...monthly, plan_id: 'plan_2', product_id: 'prod_2' }, 1))
      .thenRefused('PLAN_OF_ANOTHER_PRODUCT');
  });
});

describe('the end of a subscription', () => {
  it('lets the license work until the end of what is paid, and then expire', () => {
    const commands = [sold(), ended(3, monthly)];
    expect(after(...commands)).toMatchObject({ status: 'canceled', valid_until: END });
    expect(usability(after(...commands), monthly, addDays(T0, 6))).toBe('usable');
    given(...commands)
      .when({ type: 'LetTimePass', plan: monthly, now: END })
      .then([{ type: 'license.expired', product_id: 'prod_1', valid_until: END }]);
  });

  it('expires the license at once if nothing more is paid', () => {
    const now = addDays(T0, 5);
    given(sold())
      .when(ended(3, monthly, { valid_until: now }))
      .thenMatches([
        { type: 'license.canceled', valid_until: now },
        { type: 'license.expired', valid_until: now },
      ]);
    expect(after(sold(), ended(3, monthly, { valid_until: null })).status).toBe('expired');
  });

  it('suspends the license with the policy suspend', () => {
    const plan = { ...monthly, end_policy: 'suspend' } as const;
    const commands = [sold({ plan }), ended(3, plan), { type: 'LetTimePass', plan, now: END } as const];
    expect(after(...commands)).toMatchObject({ status: 'suspended' });
    given(...commands)
      .when({ type: 'LetTimePass', plan, now: addDays(END, 30) })
      .thenNothing();
  });

  it('keeps the license without an end with the policy keep, without further updates', () => {
    const plan = { ...monthly, end_policy: 'keep' } as const;
    const license = after(sold({ plan }), ended(3, plan));
    expect(license).toMatchObject({ status: 'active', valid_until: null, updates_until: END });
    expect(usability(license, plan, addDays(END, 9_000))).toBe('usable');
  });

  it('keeps nothing of a trial, nor of a period that was never paid', () => {
    const plan = { ...monthly, end_policy: 'keep' } as const;
    expect(after(sold({ plan, trial: true }), ended(3, plan)).status).toBe('canceled');
    expect(after(sold({ plan, paid: false }), ended(3, plan)).status).toBe('canceled');
    expect(after(sold({ plan }), ended(3, plan, { unpaid: true })).status).toBe('canceled');
    const paid = [sold({ plan, paid: false }), renewed(3, T0, plan), ended(4, plan)];
    expect(after(...paid).status).toBe('active');
  });

  it('leaves an operator’s suspension in force', () => {
    expect(after(sold(), suspend, ended(3, monthly))).toMatchObject({ status: 'suspended', resumes_as: 'canceled' });
  });
});

describe('money that goes back', () => {
  const refund = (plan: Plan) => reported({ type: 'RefundByBilling' }, 3, T0, plan);
  const dispute = (result: 'opened' | 'won' | 'lost', version: number, plan: Plan) =>
    reported({ type: 'DisputeByBilling', dispute: result }, version, T0, plan);

  it.each([
    ['revoke', 'revoked'],
    ['suspend', 'suspended'],
    ['keep', 'active'],
  ] as const)('is followed by the refund policy %s', (refund_policy, status) => {
    expect(after(sold(), refund({ ...monthly, refund_policy })).status).toBe(status);
  });

  it.each([
    ['suspend', 'suspended', 'suspended'],
    ['revoke', 'suspended', 'revoked'],
    ['keep', 'active', 'active'],
  ] as const)('is followed by the dispute policy %s', (dispute_policy, open, lost) => {
    const plan = { ...monthly, dispute_policy };
    expect(after(sold(), dispute('opened', 3, plan)).status).toBe(open);
    expect(after(sold(), dispute('opened', 3, plan), dispute('won', 4, plan)).status).toBe('active');
    expect(after(sold(), dispute('opened', 3, plan), dispute('lost', 4, plan)).status).toBe(lost);
  });

  it('is not forgotten because another invoice is paid', () => {
    expect(after(sold(), dispute('opened', 3, monthly), renewed(4)).status).toBe('suspended');
  });
});

describe('a pause', () => {
  const unpaused = (version: number) =>
    reported(
      { type: 'SetTerm', from: END, valid_until: NEXT, trial: false, paid: true, lifts: ['paused'] },
      version,
      END,
    );

  it('suspends the license until it is over', () => {
    const paused = [sold(), reported({ type: 'PauseByBilling' }, 3, T0)];
    expect(after(...paused).status).toBe('suspended');
    expect(after(...paused, unpaused(4))).toMatchObject({ status: 'active', valid_until: NEXT });
  });

  it('does not matter with the policy keep', () => {
    const plan = { ...monthly, pause_policy: 'keep' } as const;
    expect(after(sold(), reported({ type: 'PauseByBilling' }, 3, T0, plan)).status).toBe('active');
  });
});

describe('what is bought for an owned license', () => {
  const plan = planOf({ updates_days: 365 });

  it('extends its updates from the later of now and their end', () => {
    const issued = issueOf(plan);
    const maintenance = (now: string): LicenseCommand => ({ type: 'RenewMaintenance', plan, now });
    expect(after(issued, maintenance(addDays(T0, 100))).updates_until).toBe(addDays(T0, 730));
    expect(after(issued, maintenance(addDays(T0, 500))).updates_until).toBe(addDays(T0, 865));
    expect(after(issued, maintenance(addDays(T0, 500)))).toMatchObject({ status: 'active', valid_until: null });
  });

  it('is another plan, with the same term', () => {
    const to = { ...plan, plan_id: 'plan_2' };
    given(issueOf(plan))
      .when({ type: 'UpgradeByPurchase', to, now: addDays(T0, 100) })
      .thenMatches([{ type: 'plan.changed', plan_id: 'plan_2', valid_until: null, updates_until: addDays(T0, 465) }]);
  });

  it('leaves a license suspended, and changes none that is revoked', () => {
    const maintenance: LicenseCommand = { type: 'RenewMaintenance', plan, now: T0 };
    expect(after(issueOf(plan), suspend, maintenance)).toMatchObject({
      status: 'suspended',
      updates_until: addDays(T0, 730),
    });
    const revoke: LicenseCommand = { type: 'RevokeLicense', plan, now: T0, reason: null };
    given(issueOf(plan), revoke).when(maintenance).thenNothing();
  });
});

describe('the quantity of a license', () => {
  it('multiplies the activations of its plan', () => {
    const plan = { ...monthly, max_activations: 2 };
    const activate = (n: number): LicenseCommand => ({
      type: 'Activate',
      plan,
      product_type: 'desktop',
      activation_id: `act_${n}`,
      identifier: `d${n}`,
      identifier_hash: `hash ${n}`,
      identifier_type: 'device',
      label: null,
      ip: null,
      now: T0,
    });
    const full = [sold({ plan, quantity: 2 }), ...[1, 2, 3, 4].map(activate)];
    expect(after(...full).activations.size).toBe(4);
    given(...full)
      .when(activate(5))
      .thenRefused('ACTIVATION_LIMIT_REACHED', { max: 4, current: 4 });
  });
});
