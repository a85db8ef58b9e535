import fc from 'fast-check';
import { licenseOf, planOf, T0 } from '../../../testing/license.given.ts';
import { Refusal } from '../../shared/refusal.ts';
import { toTime } from '../../shared/time.ts';
import { decideFloating, type FloatingCommand } from './floating.commands.ts';
import { type FloatingEvent, floatingStream } from './floating.ts';

const START = Date.parse(T0);
const MINUTE = 60_000;

const shared = planOf({ license_model: 'floating', max_borrow_days: 1 });
const license = licenseOf(shared);

interface Step {
  readonly what: 'CheckOut' | 'Borrow' | 'Heartbeat' | 'CheckIn' | 'EndSession' | 'ExpireSessions';
  /** Number of the device that checks out, or of the session among all that ever began, newest first. */
  readonly who: number;
  /** Minutes since the step before. Negative if the clock of another server is behind. */
  readonly minutes: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom('CheckOut', 'CheckOut', 'Borrow', 'Heartbeat', 'CheckIn', 'EndSession', 'ExpireSessions'),
  who: fc.nat(4),
  minutes: fc.constantFrom(0, 0, 1, 5, 29, 30, 31, -1),
});

/** The device of each session, and the expiry that its caller was promised. Tracked independently of the rules. */
type Promised = Map<string, { readonly who: number; until: string }>;

describe('any commands on a floating license', () => {
  it('never exceed the limit, run two sessions of one device, or revive a session that has ended', () => {
    fc.assert(
      fc.property(fc.option(fc.nat(3)), fc.array(step, { maxLength: 40 }), (max, steps) => {
        const plan = { ...shared, max_activations: max };
        const promised: Promised = new Map();
        const over = new Set<string>();
        const known: string[] = [];
        let state = floatingStream.initialState;
        let minute = 0;
        for (const { what, who, minutes } of steps) {
          minute += minutes;
          const now = toTime(START + minute * MINUTE);
          const session_id = known[known.length - 1 - who] ?? 'sess_unknown';
          const on = { license_id: 'lic_1', license, plan, product_type: 'desktop' as const, now };
          const command = ((): FloatingCommand => {
            switch (what) {
              case 'CheckOut':
              case 'Borrow': {
                const device = { identifier: `${who}`, identifier_hash: `${who}`, label: undefined };
                const borrow_until = what === 'Borrow' ? toTime(START + (minute + 120) * MINUTE) : null;
                return { ...on, type: 'CheckOut', session_id: `sess_${known.length}`, ...device, borrow_until };
              }
              case 'Heartbeat':
              case 'CheckIn':
                return { ...on, type: what, session_id, ended: over.has(session_id) };
              case 'EndSession':
                return { ...on, type: what, session_id };
              case 'ExpireSessions':
                return { type: what, now };
            }
          })();
          for (const event of decided(command, state)) {
            expect(over).not.toContain(event.session_id);
            if (event.type === 'floating.checked_out') {
              known.push(event.session_id);
              promised.set(event.session_id, { who: Number(event.identifier), until: event.expires_at });
            } else if (event.type === 'floating.renewed') {
              const session = promised.get(event.session_id);
              // It was still running, and its expiry does not become earlier.
              expect(now < (session?.until ?? '')).toBe(true);
              expect(event.expires_at >= (session?.until ?? '')).toBe(true);
              if (session !== undefined) session.until = event.expires_at;
            } else if (event.type === 'floating.checked_in' || event.type === 'floating.expired') {
              if (event.type === 'floating.expired') expect(now >= event.expires_at).toBe(true);
              over.add(event.session_id);
              promised.delete(event.session_id);
            }
            state = floatingStream.evolve(state, event);
          }
          // The sessions that were promised to run now. A clock that is behind also counts some that had already ended.
          const running = [...promised.values()].filter(({ until }) => now < until);
          if (minutes >= 0 && max !== null) expect(running.length).toBeLessThanOrEqual(Math.max(max, 0));
          if (minutes >= 0) expect(new Set(running.map((one) => one.who)).size).toBe(running.length);
          expect([...state.keys()]).toEqual([...promised.keys()]);
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

/** @returns no events if the rules refuse the command */
const decided = (command: FloatingCommand, state: typeof floatingStream.initialState): readonly FloatingEvent[] => {
  try {
    return decideFloating(command, state);
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
};
