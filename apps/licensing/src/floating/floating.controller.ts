import { Controller, Inject } from '@nestjs/common';
import { limitOf } from '#domain/licensing/license/license.limits';
import { refuseFloating } from '#domain/licensing/floating/floating.errors';
import { running, type Session } from '#domain/licensing/floating/floating';
import { newId } from '#domain/shared/id';
import type { Time } from '#domain/shared/time';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { Problem } from '#platform/http/problem';
import { normalizeIdentifier } from '#platform/http/schemas';
import { actorOf, Identification } from '../identification/identification.ts';
import { Leases } from '../verification/leases.ts';
import { type Found, LicenseLookup } from '../identification/license-lookup.ts';
import { checkInSession, checkOutSession, keepSession } from './floating.endpoints.ts';
import { withRetryAfter } from './floating-limit-reached.ts';
import { type Floated, Sessions } from './sessions.ts';

/** Routes that shipped software calls for floating licenses. */
@Controller()
export class FloatingController {
  constructor(
    private readonly identification: Identification,
    private readonly lookup: LicenseLookup,
    private readonly sessions: Sessions,
    private readonly leases: Leases,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Endpoint(checkOutSession)
  async checkOut(call: Call<typeof checkOutSession>): Promise<Answer> {
    const { license_key, identifier, label } = call.body;
    const found = await this.identification.byKey(license_key, call);
    const identifier_hash = this.lookup.fingerprint(identifier);
    const session_id = newId('sess');
    const now = this.clock.now().toISOString();
    const borrow_until = call.body.borrow_until === undefined ? null : assertAhead(call.body.borrow_until, now);
    const lease = borrow_until === null ? null : await this.#lease(found, identifier_hash, borrow_until, now);
    const answer = (outcome: Floated): Answer => {
      const session = [...outcome.state.values()].find((one) => one.identifier_hash === identifier_hash);
      const isNew = outcome.events.some(({ event }) => event.type === 'floating.checked_out');
      return new Answer(isNew ? 201 : 200, checkedOut(found, session, outcome, now, lease));
    };
    const outcome = await withRetryAfter(
      this.sessions.handle(
        found.id,
        (on) => ({
          ...on,
          type: 'CheckOut',
          session_id,
          identifier: normalizeIdentifier(identifier),
          identifier_hash,
          label,
          borrow_until,
        }),
        call.command(answer, actorOf(call.principal, found.id)),
      ),
      now,
    );
    return answer(outcome);
  }

  /** Prepared before the decision, because the answer is built together with it. */
  async #lease(found: Found, fingerprint_hash: string, until: Time, now: Time): Promise<Lease> {
    const sign = await this.leases.lending(Date.parse(until));
    const { id: license_id, license, plan, granted } = found;
    const leased = {
      license_id,
      license: license.state,
      version: license.version,
      plan: plan.state,
      plan_version: plan.version,
      entitlements: granted.claims,
      fingerprint_hash,
    };
    return (borrowed_until) => sign(leased, Date.parse(borrowed_until), Date.parse(now));
  }

  @Endpoint(keepSession)
  async heartbeat(call: Call<typeof keepSession>): Promise<Answer> {
    const { license_key, session_id } = call.body;
    const found = await this.identification.byKey(license_key, call);
    const now = this.clock.now().toISOString();
    const answer = (outcome: Floated): Answer =>
      new Answer(200, checkedOut(found, outcome.state.get(session_id), outcome, now, null));
    const options = call.command(answer, actorOf(call.principal, found.id));
    return answer(await withRetryAfter(this.sessions.handleOne(found.id, session_id, 'Heartbeat', options), now));
  }

  @Endpoint(checkInSession)
  async checkIn(call: Call<typeof checkInSession>): Promise<Answer> {
    const { license_key, session_id } = call.body;
    const found = await this.identification.byKey(license_key, call);
    const now = this.clock.now().toISOString();
    const answer = (outcome: Floated): Answer =>
      new Answer(200, { session_id, license_id: found.id, expires_at: null, ...counts(found, outcome, now) });
    const options = call.command(answer, actorOf(call.principal, found.id));
    return answer(await this.sessions.handleOne(found.id, session_id, 'CheckIn', options));
  }
}

/** Makes an offline token that is valid until the end of the loan. */
type Lease = (borrowed_until: Time) => string;

/** @throws Problem 400 for a time in the past */
const assertAhead = (borrow_until: Time, now: Time): Time => {
  if (borrow_until > now) return borrow_until;
  throw new Problem(400, 'VALIDATION_FAILED', 'borrow_until has passed.', {
    errors: [{ pointer: '/borrow_until', detail: 'must be ahead' }],
  });
};

const counts = ({ license, plan }: Found, { state }: Floated, now: Time) => ({
  active_sessions: running(state, now).length,
  max_sessions: limitOf(plan.state.max_activations, license.state),
});

const checkedOut = (found: Found, session: Session | undefined, outcome: Floated, now: Time, lease: Lease | null) => {
  const { session_id, expires_at, borrowed_until } = session ?? refuseFloating('SESSION_NOT_FOUND');
  const token = lease === null || borrowed_until === null ? null : lease(borrowed_until);
  return { session_id, license_id: found.id, expires_at, borrowed_until, ...counts(found, outcome, now), token };
};
