import fc from 'fast-check';
import { licenseOf, planOf, T0 } from '../../../testing/license.given.ts';
import type { License } from '../license/license.ts';
import { specification } from '../../../testing/given.ts';
import { Refusal } from '../../shared/refusal.ts';
import { addDays } from '../../shared/time.ts';
import type { OnLicense } from '../license/on-license.ts';
import { type AcceptInvite, decideSeat, type InviteSeat, type SeatCommand } from './seat.commands.ts';
import { type Seat, type SeatEvent, type SeatRole, type Seats, seatStream } from './seat.ts';

const given = specification<SeatCommand, SeatEvent, Seats>({ ...seatStream, decide: decideSeat });

const later = (days: number): string => addDays(T0, days);

const plan = planOf({ max_seats: 2 });
const issued = licenseOf(plan);

const on = (over: Partial<OnLicense> = {}): OnLicense => ({
  license_id: 'lic_1',
  license: issued,
  plan,
  product_type: 'saas',
  now: later(1),
  ...over,
});
const invite = (who: string, over: Partial<InviteSeat> = {}): InviteSeat => ({
  ...on(),
  type: 'InviteSeat',
  seat_id: `seat_${who}`,
  person_id: `cus_${who}`,
  email: `${who}@example.com`,
  role: 'member',
  invite_id: `inv_${who}`,
  token_hash: `token of ${who}`,
  ...over,
});
const accept = (who: string, over: Partial<AcceptInvite> = {}): AcceptInvite => ({
  ...on({ now: later(2) }),
  type: 'AcceptInvite',
  seat_id: `seat_${who}`,
  token_hash: `token of ${who}`,
  ...over,
});
const resend = (who: string, over: Partial<OnLicense> = {}): SeatCommand => ({
  ...on({ now: later(2), ...over }),
  type: 'ResendInvite',
  seat_id: `seat_${who}`,
  invite_id: `again_${who}`,
  token_hash: `new token of ${who}`,
});
const remove = (who: string, over: Partial<OnLicense> = {}): SeatCommand => ({
  ...on({ now: later(3), ...over }),
  type: 'RemoveSeat',
  seat_id: `seat_${who}`,
});
const role = (who: string, wanted: SeatRole, over: Partial<OnLicense> = {}): SeatCommand => ({
  ...on({ now: later(3), ...over }),
  type: 'ChangeSeatRole',
  seat_id: `seat_${who}`,
  role: wanted,
});
const after = (...commands: SeatCommand[]): SeatEvent[] => {
  const events: SeatEvent[] = [];
  for (const command of commands) {
    events.push(...decideSeat(command, events.reduce(seatStream.evolve, seatStream.initialState)));
  }
  return events;
};
const ids = (who: string) => ({ product_id: 'prod_1', license_id: 'lic_1', seat_id: `seat_${who}` });
const suspended: License = { ...issued, status: 'suspended' };
const revoked: License = { ...issued, status: 'revoked' };

describe('an invitation', () => {
  it('counts against the limit for seven days', () => {
    given()
      .when(invite('bob'))
      .then([
        {
          type: 'seat.invited',
          ...ids('bob'),
          person_id: 'cus_bob',
          email: 'bob@example.com',
          role: 'member',
          invite_id: 'inv_bob',
          token_hash: 'token of bob',
          expires_at: later(8),
          invited_at: later(1),
        },
      ]);
    given(...after(invite('a'), invite('b')))
      .when(invite('c'))
      .thenRefused('SEAT_LIMIT_REACHED', { max: 2, current: 2 });
    given()
      .when(invite('a', { plan: { ...plan, max_seats: 0 } }))
      .thenRefused('SEAT_LIMIT_REACHED', { max: 0, current: 0 });
    given(...after(invite('a'), invite('b')))
      .when(invite('c', { plan: { ...plan, max_seats: null } }))
      .thenMatches([{ type: 'seat.invited' }]);
  });

  it('stops counting when it expires, is withdrawn, or its holder is removed', () => {
    given(...after(invite('a'), invite('b')))
      .when(invite('c', { now: later(8) }))
      .thenMatches([
        { type: 'seat.invite_expired', ...ids('a'), expires_at: later(8) },
        { type: 'seat.invite_expired', ...ids('b') },
        { type: 'seat.invited', ...ids('c') },
      ]);
    given(...after(invite('a'), invite('b'), remove('b')))
      .when(invite('c'))
      .thenMatches([{ type: 'seat.invited' }]);
    given(...after(invite('a'), accept('a'), invite('b'), remove('a')))
      .when(invite('c'))
      .thenMatches([{ type: 'seat.invited' }]);
  });

  it('is refused for an address that already has one or a seat', () => {
    given(...after(invite('a')))
      .when(invite('a', { seat_id: 'seat_other' }))
      .thenRefused('SEAT_EXISTS', { seat_id: 'seat_a', seat_status: 'invited' });
    given(...after(invite('a'), remove('a')))
      .when(invite('a', { seat_id: 'seat_other' }))
      .thenMatches([{ type: 'seat.invited', seat_id: 'seat_other' }]);
  });

  it('is accepted once, in time, with its own token', () => {
    const invited = after(invite('a'));
    given(...invited)
      .when(accept('a'))
      .then([{ type: 'seat.added', ...ids('a'), role: 'member', added_at: later(2) }]);
    given(...after(invite('a'), accept('a')))
      .when(accept('a'))
      .thenRefused('INVITE_USED');
    given(...invited)
      .when(accept('a', { token_hash: 'another' }))
      .thenRefused('INVITE_NOT_FOUND');
    given().when(accept('a')).thenRefused('INVITE_NOT_FOUND');
    given(...invited)
      .when(accept('a', { now: later(8) }))
      .thenRefused('INVITE_EXPIRED');
    given(...after(invite('a'), { type: 'ExpireInvites', now: later(8) }))
      .when(accept('a', { now: later(9) }))
      .thenRefused('INVITE_EXPIRED');
    given(...after(invite('a'), remove('a')))
      .when(accept('a', { now: later(9) }))
      .thenRefused('INVITE_WITHDRAWN');
  });

  it('is not accepted when the plan has too few seats by now', () => {
    given(...after(invite('a'), invite('b'), accept('a')))
      .when(accept('b', { plan: { ...plan, max_seats: 1 } }))
      .thenRefused('SEAT_LIMIT_REACHED', { max: 1, current: 1 });
  });

  it('that is sent again has a new token and seven new days; the old token is invalid', () => {
    const again = after(invite('a'), resend('a'));
    given(...after(invite('a')))
      .when(resend('a'))
      .thenMatches([{ type: 'seat.invite_resent', ...ids('a'), expires_at: later(9), email: 'a@example.com' }]);
    given(...again)
      .when(accept('a', { now: later(3) }))
      .thenRefused('INVITE_NOT_FOUND');
    given(...again)
      .when(accept('a', { now: later(8.5), token_hash: 'new token of a' }))
      .thenMatches([{ type: 'seat.added' }]);
    given(...after(invite('a'), accept('a')))
      .when(resend('a'))
      .thenRefused('SEAT_ACCEPTED');
    given().when(resend('a')).thenRefused('SEAT_NOT_FOUND');
  });

  it('that has expired counts again when it is sent again, and needs a free place', () => {
    const ended = after(invite('a'), { type: 'ExpireInvites', now: later(8) });
    given(...ended)
      .when(resend('a', { now: later(9) }))
      .thenMatches([{ type: 'seat.invite_resent', expires_at: later(16) }]);
    given(...ended, ...after(invite('b', { now: later(8) }), invite('c', { now: later(8) })))
      .when(resend('a', { now: later(9) }))
      .thenRefused('SEAT_LIMIT_REACHED');
  });

  it('expires at its time, once', () => {
    const invited = after(invite('a'), invite('b', { now: later(2) }));
    given(...invited)
      .when({ type: 'ExpireInvites', now: addDays(later(8), -1 / 86_400_000) })
      .thenNothing();
    given(...invited)
      .when({ type: 'ExpireInvites', now: later(8) })
      .then([{ type: 'seat.invite_expired', ...ids('a'), expires_at: later(8) }]);
    given(...after(invite('a'), { type: 'ExpireInvites', now: later(8) }))
      .when({ type: 'ExpireInvites', now: later(9) })
      .thenNothing();
    given(...after(invite('a'), accept('a')))
      .when({ type: 'ExpireInvites', now: later(9) })
      .thenNothing();
  });
});

describe('roles', () => {
  const owned = after(invite('a', { role: 'owner' }), accept('a'), invite('b'), accept('b'));

  it('can be changed; the same role makes no event', () => {
    given(...owned)
      .when(role('b', 'admin'))
      .then([{ type: 'seat.role_changed', ...ids('b'), role: 'admin', previous_role: 'member' }]);
    given(...owned)
      .when(role('b', 'member'))
      .thenNothing();
    given(...owned)
      .when(role('nobody', 'member'))
      .thenRefused('SEAT_NOT_FOUND');
  });

  it('keep at least one accepted owner', () => {
    given(...owned)
      .when(role('a', 'member'))
      .thenRefused('LAST_OWNER');
    given(...owned)
      .when(remove('a'))
      .thenRefused('LAST_OWNER');
    given(...after(invite('a', { role: 'owner' }), accept('a'), invite('b', { role: 'owner' })))
      .when(remove('a'))
      .thenRefused('LAST_OWNER');
    given(...after(invite('a', { role: 'owner' }), accept('a'), invite('b', { role: 'owner' }), accept('b')))
      .when(remove('a'))
      .thenMatches([{ type: 'seat.removed' }]);
    given(...after(invite('a', { role: 'owner' })))
      .when(remove('a'))
      .thenMatches([{ type: 'seat.removed' }]);
  });
});

describe('a license that may not be used', () => {
  const seated = after(invite('a'));
  it.each([
    ['invite', invite('b')],
    ['resend', resend('a')],
    ['accept', accept('a')],
    ['role', role('a', 'admin')],
  ])('refuses the command: %s', (_what, command) => {
    given(...seated)
      .when({ ...command, license: suspended } as SeatCommand)
      .thenRefused('LICENSE_SUSPENDED');
    given(...seated)
      .when({ ...command, license: revoked } as SeatCommand)
      .thenRefused('LICENSE_REVOKED');
    given(...seated)
      .when({ ...command, product_type: 'desktop' } as SeatCommand)
      .thenRefused('FEATURE_NOT_AVAILABLE');
  });

  it('lets seats be removed, unless it was revoked', () => {
    given(...seated)
      .when(remove('a', { license: suspended }))
      .then([{ type: 'seat.removed', ...ids('a') }]);
    given(...seated)
      .when(remove('a', { license: revoked }))
      .thenRefused('LICENSE_REVOKED');
    given(...after(invite('a'), remove('a')))
      .when(remove('a'))
      .thenRefused('SEAT_NOT_FOUND');
  });
});

describe('any commands in any order', () => {
  const who = fc.constantFrom('a', 'b', 'c', 'd');
  const step = fc.record({
    who,
    hours: fc.integer({ min: 0, max: 100 }),
    max_seats: fc.option(fc.integer({ min: 0, max: 3 })),
    what: fc.constantFrom('invite', 'resend', 'accept', 'acceptAgain', 'remove', 'promote', 'demote', 'expire'),
  });
  const commandOf = (what: string, name: string, over: Pick<OnLicense, 'now' | 'plan'>): SeatCommand => {
    switch (what) {
      case 'invite':
        return invite(name, { ...over, role: 'owner', seat_id: `seat_${name}` });
      case 'resend':
        return resend(name, over);
      case 'accept':
        return accept(name, over);
      case 'acceptAgain':
        return accept(name, { ...over, token_hash: `new token of ${name}` });
      case 'remove':
        return remove(name, over);
      case 'promote':
        return role(name, 'owner', over);
      case 'demote':
        return role(name, 'member', over);
      default:
        return { type: 'ExpireInvites', now: over.now };
    }
  };

  const taken = (seats: Seats, now: string): Seat[] =>
    [...seats.values()].filter((s) => s.status === 'accepted' || (s.status === 'invited' && now < s.expires_at));
  const accepted = (seats: Seats): number => [...seats.values()].filter(({ status }) => status === 'accepted').length;

  it('never exceed the limit or remove the last owner, and the state can be rebuilt from the events', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const events: SeatEvent[] = [];
        let seats: Seats = seatStream.initialState;
        let now = T0;
        let owned = false;
        for (const { what, who: name, hours, max_seats } of steps) {
          now = addDays(now, hours / 24);
          const before = seats;
          try {
            const decided = decideSeat(commandOf(what, name, { now, plan: { ...plan, max_seats } }), seats);
            seats = decided.reduce(seatStream.evolve, seats);
            events.push(...decided);
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
          }
          const all = [...seats.values()];
          // A plan may change to fewer seats than are taken: then no seat is added until enough were removed.
          const max = max_seats ?? Infinity;
          const present = taken(seats, now);
          expect(present.length).toBeLessThanOrEqual(Math.max(max, taken(before, now).length));
          expect(accepted(seats)).toBeLessThanOrEqual(Math.max(max, accepted(before)));
          expect(new Set(present.map(({ person_id }) => person_id)).size).toBe(present.length);
          const owners = all.some((s) => s.status === 'accepted' && s.role === 'owner');
          expect(owned && !owners).toBe(false);
          owned = owners;
        }
        const logged = JSON.parse(JSON.stringify(events)) as SeatEvent[];
        expect(logged.reduce(seatStream.evolve, seatStream.initialState)).toEqual(seats);
      }),
      { numRuns: 10_000 },
    );
  });
});
