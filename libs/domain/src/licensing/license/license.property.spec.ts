import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { issued, type Life, lives, type Moment, momentsOf } from '../../../../../test/support/license-lives.ts';
import { Refusal } from '../../shared/refusal.ts';
import { decideLicense } from './license.commands.ts';
import { type License, type LicenseEvent, type LicenseState, licenseStream, type LicenseStatus } from './license.ts';
import { graceEnd, usability } from './license.usability.ts';

/** The statuses that one event may lead to from each status. Staying the same is always allowed. */
const MAY_BECOME: Readonly<Record<LicenseStatus, readonly LicenseStatus[]>> = {
  active: ['trialing', 'past_due', 'expired', 'canceled', 'suspended', 'revoked'],
  trialing: ['active', 'past_due', 'expired', 'canceled', 'suspended', 'revoked'],
  past_due: ['active', 'trialing', 'expired', 'canceled', 'suspended', 'revoked'],
  expired: ['active', 'trialing', 'past_due', 'suspended', 'revoked'],
  canceled: ['suspended', 'revoked'],
  suspended: ['active', 'trialing', 'past_due', 'expired', 'canceled', 'revoked'],
  revoked: [],
};

/** A fast assertion: there are hundreds of thousands, and jest's own would take minutes. */
const must: (holds: boolean, what: string) => asserts holds = (holds, what) => {
  if (!holds) throw new Error(what);
};

interface Decided extends Moment {
  readonly before: LicenseState;
  readonly events: readonly LicenseEvent[];
  readonly after: LicenseState;
}

/** Runs all commands of a life; `look` gets every command that was not refused. @returns all events and the final state */
const live = (life: Life, look: (decided: Decided) => void): { events: LicenseEvent[]; state: LicenseState } => {
  const all: LicenseEvent[] = [];
  let state: LicenseState = licenseStream.initialState;
  for (const moment of momentsOf(life, () => state)) {
    try {
      const before: LicenseState = state;
      const events = decideLicense(moment.command, before);
      state = events.reduce(licenseStream.evolve, before);
      all.push(...events);
      look({ ...moment, before, events, after: state });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (state.status === 'none') break;
    }
  }
  return { events: all, state };
};

const onlyAllowedSteps = ({ before, events }: Decided): void => {
  let state = before;
  for (const event of events) {
    const after = licenseStream.evolve(state, event);
    if (state.status !== 'none') {
      must(state.status !== 'revoked', `${event.type} follows revocation`);
      const same = issued(after).status === state.status;
      must(same || MAY_BECOME[state.status].includes(issued(after).status), `${state.status} → ${after.status}`);
    }
    state = after;
  }
};

const neverTooManyActivations = ({ before, events, plan, now }: Decided): void => {
  const added = events.filter(({ type }) => type === 'activation.added').length;
  if (added === 0) return;
  const { activations } = issued(before);
  must(plan.max_activations === null || activations.size + added <= plan.max_activations, 'too many activations');
  const use = usability(issued(before), plan, now);
  must(use === 'usable' || use === 'in_grace', `activated while ${use}`);
};

const onlyWhomItIsBoundTo = ({ command, before, events, plan }: Decided): void => {
  if (command.type !== 'Activate' || !events.some(({ type }) => type === 'activation.added')) return;
  const { fingerprint, identity } = issued(before).bindings;
  must(!plan.fingerprint_lock || [command.identifier_hash, undefined].includes(fingerprint?.hash), 'another device');
  must(plan.bound_identity === null || [command.identity_hash, undefined].includes(identity?.hash), 'another identity');
};

/** Checks that status and dates agree after `LetTimePass`, which the scheduler sends. */
const statusAgreesWithDates = (
  { after, plan: present, now }: Decided,
  planOf: (id: string) => Moment['plan'],
): void => {
  const plan = after.status !== 'none' && after.plan_id !== present.plan_id ? planOf(after.plan_id) : present;
  const passed = decideLicense({ type: 'LetTimePass', plan, now }, after);
  const license = issued(passed.reduce(licenseStream.evolve, after));
  must(decideLicense({ type: 'LetTimePass', plan, now }, license).length === 0, 'time has passed twice');
  if (license.status === 'revoked') return;
  const { resumes_as, valid_until, valid_from, trial, grace_until } = license;
  const end = graceEnd(license, plan);
  const holds: Record<License['resumes_as'], boolean> = {
    active: !trial && (valid_until === null || now < valid_until),
    trialing: trial && (valid_until === null || now < valid_until),
    past_due: valid_until !== null && end !== null && valid_until <= now && now < end && grace_until === end,
    expired: valid_until !== null && valid_until <= now,
    canceled: valid_until !== null,
  };
  must(holds[resumes_as], `${resumes_as} at ${now}, valid until ${valid_until}, grace until ${grace_until}`);
  must(resumes_as === 'canceled' || valid_until === null || valid_from <= valid_until, 'ends before it begins');
  if (license.status !== 'suspended') must(license.status === resumes_as, `${license.status}, yet ${resumes_as}`);
  const use = usability(license, plan, now);
  const uses: Record<License['resumes_as'], readonly string[]> = {
    active: ['usable', 'not_yet_valid'],
    trialing: ['usable', 'not_yet_valid'],
    past_due: ['in_grace', 'not_yet_valid'],
    expired: ['expired'],
    canceled: ['usable', 'canceled', 'not_yet_valid'],
  };
  must(license.status === 'suspended' ? use === 'suspended' : uses[resumes_as].includes(use), `${resumes_as}: ${use}`);
};

const termBeginsOnce = (events: readonly LicenseEvent[], state: LicenseState): void => {
  const started = events.filter(({ type }) => type === 'license.term_started').length;
  must(started <= 1, 'a term begins once');
  if (state.status === 'none' || state.term_started_at !== null) return;
  must(state.activations.size === 0, 'a device is active on a license whose term has not begun');
  must(state.valid_until === null || state.resumes_as === 'canceled', 'a term that has not begun has an end');
};

describe('any sequence of commands on a license', () => {
  it('keeps the rules for limits, states and dates, and its events restore the full state', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(lives(25), (life) => {
        const plans = new Map<string, Moment['plan']>();
        const { events, state } = live(life, (decided) => {
          const { command, plan } = decided;
          plans.set(plan.plan_id, plan);
          if (command.type === 'ChangePlan') plans.set(command.plan.plan_id, command.plan);
          onlyAllowedSteps(decided);
          neverTooManyActivations(decided);
          onlyWhomItIsBoundTo(decided);
          statusAgreesWithDates(decided, (id) => plans.get(id) ?? plan);
          for (const { type } of decided.events) reached.add(type);
          reached.add(decided.after.status);
        });
        termBeginsOnce(events, state);
        // Replays the events from the beginning, as they come from the log: JSON drops undefined fields.
        const logged = JSON.parse(JSON.stringify(events)) as LicenseEvent[];
        const folded = logged.reduce(licenseStream.evolve, licenseStream.initialState);
        must(isDeepStrictEqual(folded, state), 'the events do not fold to the state that was decided on');
      }),
      { numRuns: 10_000 },
    );
    // The run must reach these events and statuses: otherwise the property proves nothing.
    expect([...reached]).toEqual(
      expect.arrayContaining(['activation.added', 'license.term_started', 'plan.changed', 'license.bound']),
    );
    expect([...reached]).toEqual(expect.arrayContaining(Object.keys(MAY_BECOME)));
  });
});
