import { licenseOf, planOf, T0 } from '../../../testing/license.given.ts';
import type { License } from '../license/license.ts';
import type { OnLicense, Plan } from '../license/on-license.ts';
import { specification } from '../../../testing/given.ts';
import { addDays, toTime } from '../../shared/time.ts';
import { type CheckOut, decideFloating, type FloatingCommand } from './floating.commands.ts';
import { type FloatingEvent, floatingStream, type Sessions } from './floating.ts';

const given = specification<FloatingCommand, FloatingEvent, Sessions>({ ...floatingStream, decide: decideFloating });

const at = (minutes: number): string => toTime(Date.parse(T0) + minutes * 60_000);

const plan = planOf({ license_model: 'floating', max_activations: 2, max_borrow_days: 7 });
const issued = licenseOf(plan);

const on = (minute: number, over: Partial<OnLicense> = {}): OnLicense => ({
  license_id: 'lic_1',
  license: issued,
  plan,
  product_type: 'desktop',
  now: at(minute),
  ...over,
});
const checkOut = (who: string, minute: number, over: Partial<CheckOut> = {}): CheckOut => ({
  ...on(minute),
  type: 'CheckOut',
  session_id: `sess_${who}`,
  identifier: who,
  identifier_hash: `hash_${who}`,
  label: undefined,
  borrow_until: null,
  ...over,
});
const of = (type: 'Heartbeat' | 'CheckIn', who: string, minute: number, ended = false): FloatingCommand => ({
  ...on(minute),
  type,
  session_id: `sess_${who}`,
  ended,
});
/** The event of a session that was checked out at `minute`, for half an hour. */
const session = (who: string, minute: number): FloatingEvent =>
  decideFloating(checkOut(who, minute), floatingStream.initialState)[0] as FloatingEvent;
const ids = (who: string) => ({ product_id: 'prod_1', license_id: 'lic_1', session_id: `sess_${who}` });
const expired = (who: string, minute: number) => ({
  type: 'floating.expired' as const,
  ...ids(who),
  expires_at: at(minute),
});

describe('checking out', () => {
  it('begins a session that runs for as long as the plan says', () => {
    given()
      .when(checkOut('a', 0, { label: 'Desk 7' }))
      .then([
        {
          type: 'floating.checked_out',
          ...ids('a'),
          customer_id: 'cus_1',
          identifier: 'a',
          identifier_hash: 'hash_a',
          label: 'Desk 7',
          checked_out_at: T0,
          expires_at: at(30),
          borrowed_until: null,
        },
      ]);
  });
  it('is refused when all sessions are taken, and says when the next one is due to end', () => {
    const taken = given(session('a', 0), session('b', 10));
    taken
      .when(checkOut('c', 29))
      .thenRefused('FLOATING_LIMIT_REACHED', { max: 2, current: 2, next_expires_at: at(30) });
    const none = { ...plan, max_activations: 0 };
    given()
      .when(checkOut('a', 0, { plan: none }))
      .thenRefused('FLOATING_LIMIT_REACHED', { max: 0, current: 0, next_expires_at: null });
    taken.when(checkOut('c', 29, { plan: { ...plan, max_activations: null } })).thenMatches([ids('c')]);
  });
  it('takes the place of a session as soon as that session has expired', () => {
    given(session('a', 0), session('b', 10))
      .when(checkOut('c', 30))
      .thenMatches([expired('a', 30), { type: 'floating.checked_out', ...ids('c') }]);
  });
  it('again renews the same session, and changes its label if one is given', () => {
    const two = given(session('a', 0), session('b', 0));
    const renewed = { type: 'floating.renewed', ...ids('a'), expires_at: at(40), borrowed_until: null } as const;
    two.when(checkOut('a', 10, { session_id: 'sess_new' })).then([{ ...renewed, renewed_at: at(10) }]);
    two
      .when(checkOut('a', 10, { label: 'Desk 8' }))
      .thenMatches([renewed, { type: 'floating.relabeled', ...ids('a'), customer_id: 'cus_1', label: 'Desk 8' }]);
    two.when(checkOut('a', 0, { label: null })).thenNothing();
  });
  it('again after the session has expired begins a new one, if a place is free', () => {
    given(session('a', 0))
      .when(checkOut('a', 30, { session_id: 'sess_new' }))
      .thenMatches([expired('a', 30), { type: 'floating.checked_out', session_id: 'sess_new' }]);
    given(session('a', 0), session('b', 20), session('c', 30))
      .when(checkOut('a', 31))
      .thenRefused('FLOATING_LIMIT_REACHED');
  });
  it('requires a floating license that may be used', () => {
    given()
      .when(checkOut('a', 0, { plan: { ...plan, license_model: 'standard' } }))
      .thenRefused('FEATURE_NOT_AVAILABLE');
    for (const status of ['suspended', 'revoked', 'expired'] as const)
      given()
        .when(checkOut('a', 0, { license: { ...issued, status } }))
        .thenRefused(`LICENSE_${status.toUpperCase()}`);
  });
  it('never lasts longer than the license and its grace period', () => {
    const license = { ...issued, valid_until: at(20) };
    given()
      .when(checkOut('a', 5, { license, plan: { ...plan, grace_days: 0 } }))
      .thenMatches([{ expires_at: at(20) }]);
    given()
      .when(checkOut('a', 5, { license }))
      .thenMatches([{ expires_at: at(35) }]);
  });
});

describe('heartbeats', () => {
  it('keep a session alive', () => {
    given(session('a', 0))
      .when(of('Heartbeat', 'a', 29))
      .thenMatches([{ type: 'floating.renewed', expires_at: at(59) }]);
  });
  it('do not revive an expired session, whether or not an event has ended it', () => {
    given(session('a', 0))
      .when(of('Heartbeat', 'a', 30))
      .thenRefused('SESSION_EXPIRED');
    given(session('a', 0), expired('a', 30))
      .when(of('Heartbeat', 'a', 31, true))
      .thenRefused('SESSION_EXPIRED');
    given()
      .when(of('Heartbeat', 'a', 1))
      .thenRefused('SESSION_NOT_FOUND');
  });
  it('never shorten a session, even if a clock or the plan has changed', () => {
    given(session('a', 10))
      .when(of('Heartbeat', 'a', 5))
      .thenNothing();
    given(session('a', 0))
      .when({ ...on(1, { plan: { ...plan, floating_timeout: 1 } }), type: 'Heartbeat', ...ids('a'), ended: false })
      .thenNothing();
  });
  it('are refused to the newest sessions when a limit has been lowered', () => {
    const lowered = { plan: { ...plan, max_activations: 1 } };
    const two = given(session('a', 0), session('b', 10));
    two.when({ ...on(20, lowered), type: 'Heartbeat', ...ids('a'), ended: false }).thenMatches([ids('a')]);
    two
      .when({ ...on(20, lowered), type: 'Heartbeat', ...ids('b'), ended: false })
      .thenRefused('FLOATING_LIMIT_REACHED', { max: 1, current: 2, next_expires_at: at(40) });
    two.when(checkOut('b', 20, lowered)).thenRefused('FLOATING_LIMIT_REACHED');
  });
  it('are refused as soon as the license may not be used', () => {
    given(session('a', 0))
      .when({ ...on(1, { license: { ...issued, status: 'revoked' } }), type: 'Heartbeat', ...ids('a'), ended: false })
      .thenRefused('LICENSE_REVOKED');
  });
});

describe('checking in', () => {
  it('frees the place; a second check-in does nothing', () => {
    const back = { type: 'floating.checked_in', ...ids('a'), reason: 'client' } as const;
    given(session('a', 0))
      .when(of('CheckIn', 'a', 1))
      .then([back]);
    given(session('a', 0), back)
      .when(of('CheckIn', 'a', 2, true))
      .thenNothing();
    given()
      .when(of('CheckIn', 'a', 1))
      .thenRefused('SESSION_NOT_FOUND');
  });
  it('of an expired session records that it expired', () => {
    given(session('a', 0))
      .when(of('CheckIn', 'a', 45))
      .then([expired('a', 30)]);
  });
  it('is possible on any license except a revoked one', () => {
    const checkIn = (license: License, of: Plan): FloatingCommand => ({
      ...on(1, { license, plan: of }),
      type: 'CheckIn',
      ...ids('a'),
      ended: false,
    });
    const standard: Plan = { ...plan, license_model: 'standard' };
    given(session('a', 0))
      .when(checkIn({ ...issued, status: 'suspended' }, standard))
      .thenMatches([ids('a')]);
    given(session('a', 0))
      .when(checkIn({ ...issued, status: 'revoked' }, plan))
      .thenRefused('LICENSE_REVOKED');
    given().when(checkIn(issued, standard)).thenRefused('FEATURE_NOT_AVAILABLE');
  });
  it('can be done by an operator too', () => {
    given(session('a', 0))
      .when({ ...on(1), type: 'EndSession', session_id: 'sess_a' })
      .then([{ type: 'floating.checked_in', ...ids('a'), reason: 'operator' }]);
    given()
      .when({ ...on(1), type: 'EndSession', session_id: 'sess_a' })
      .thenRefused('SESSION_NOT_FOUND');
  });
});

describe('time', () => {
  it('ends expired sessions, and no others', () => {
    given(session('a', 0), session('b', 10))
      .when({ type: 'ExpireSessions', now: at(30) })
      .then([expired('a', 30)]);
  });
});

describe('borrowing', () => {
  const until = addDays(at(0), 3);
  it('keeps the place until its end, even without heartbeats', () => {
    const lent = decideFloating(checkOut('a', 0, { borrow_until: until }), new Map());
    expect(lent).toMatchObject([{ expires_at: until, borrowed_until: until }]);
    given(...lent, session('b', 0))
      .when(checkOut('c', 29))
      .thenRefused('FLOATING_LIMIT_REACHED', { max: 2, current: 2, next_expires_at: at(30) });
    given(...lent)
      .when(of('Heartbeat', 'a', 60))
      .thenNothing();
    given(...lent)
      .when(of('CheckIn', 'a', 60))
      .thenMatches([{ type: 'floating.checked_in' }]);
  });
  it('is possible for a running session, and is never shortened', () => {
    given(session('a', 0))
      .when(checkOut('a', 1, { borrow_until: until }))
      .thenMatches([{ type: 'floating.renewed', expires_at: until, borrowed_until: until }]);
    given(...decideFloating(checkOut('a', 0, { borrow_until: until }), new Map()))
      .when(checkOut('a', 1, { borrow_until: addDays(T0, 1) }))
      .thenNothing();
  });
  it('is refused for longer than the plan allows, or if the plan allows none', () => {
    given()
      .when(checkOut('a', 0, { borrow_until: toTime(Date.parse(addDays(T0, 7)) + 1) }))
      .thenRefused('BORROW_LIMIT_EXCEEDED', { max_borrow_days: 7, latest: addDays(T0, 7) });
    given()
      .when(checkOut('a', 0, { borrow_until: until, plan: { ...plan, max_borrow_days: 0 } }))
      .thenRefused('FEATURE_NOT_AVAILABLE');
  });
  it('ends with the license', () => {
    const license = { ...issued, valid_until: addDays(T0, 1) };
    given()
      .when(checkOut('a', 0, { license, plan: { ...plan, grace_days: 0 }, borrow_until: until }))
      .thenMatches([{ expires_at: addDays(T0, 1), borrowed_until: addDays(T0, 1) }]);
  });
});
