import { Controller, Inject } from '@nestjs/common';
import { refuseSeat } from '#domain/licensing/seat/seat.errors';
import type { Seat } from '#domain/licensing/seat/seat';
import { newId } from '#domain/shared/id';
import { type Principal, seesProduct } from '#platform/auth/principal';
import type { MasterKey } from '#platform/crypto/keys';
import type { ServiceDatabase } from '#platform/database/database';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { etag } from '#platform/http/preconditions';
import { DATABASE, MASTER_KEY } from '#platform/service';
import { customerOf } from '../licenses/customer.ts';
import { Licenses } from '../licenses/licenses.ts';
import { CallerLimits } from '../identification/caller-limits.ts';
import { InviteTokens } from './invite-tokens.ts';
import * as contracts from './seat.endpoints.ts';
import type { SeatRow } from './seat.table.ts';
import { type Seated, Seats } from './seats.ts';

@Controller()
export class SeatController {
  constructor(
    private readonly licenses: Licenses,
    private readonly seats: Seats,
    private readonly tokens: InviteTokens,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly limits: CallerLimits,
  ) {}

  @Endpoint(contracts.inviteSeat)
  async invite(call: Call<typeof contracts.inviteSeat>): Promise<Answer> {
    const { license_id, email, role = 'member' } = call.body;
    await this.licenses.find(license_id, call.principal);
    const seat_id = newId('seat');
    const invite = this.tokens.create();
    const person_id = customerOf(this.masterKey, email);
    const answer = shown(seat_id, 201);
    return answer(
      await this.seats.handle(
        license_id,
        (on) => ({ ...on, type: 'InviteSeat', seat_id, person_id, email, role, ...invite }),
        call.command(answer),
      ),
    );
  }

  @Endpoint(contracts.listSeats)
  async list(call: Call<typeof contracts.listSeats>): Promise<unknown> {
    const { license_id, limit = DEFAULT_LIMIT, cursor } = call.query;
    await this.licenses.find(license_id, call.principal);
    const [after = ''] = decodeCursor(cursor, ['string']);
    const { rows } = await this.database.pool.query<SeatRow>({
      name: 'seats_of_license',
      text: `select * from seats where license_id = $1 and id > $2 and status <> 'removed' order by id limit $3`,
      values: [license_id, after, limit + 1],
    });
    return pageOf(rows, limit, ({ id }) => [id], viewRow);
  }

  @Endpoint(contracts.changeSeat)
  async changeRole(call: Call<typeof contracts.changeSeat>): Promise<Answer> {
    const { id } = call.params;
    const { license_id } = await this.#find(id, call.principal);
    const { role } = call.body;
    const answer = shown(id);
    return answer(
      await this.seats.handle(
        license_id,
        (on) => ({ ...on, type: 'ChangeSeatRole', seat_id: id, role }),
        call.command(answer),
      ),
    );
  }

  @Endpoint(contracts.removeSeat)
  async remove(call: Call<typeof contracts.removeSeat>): Promise<Answer> {
    const { id } = call.params;
    const { license_id } = await this.#find(id, call.principal);
    const gone = (): Answer => new Answer(204, null);
    await this.seats.handle(license_id, (on) => ({ ...on, type: 'RemoveSeat', seat_id: id }), call.command(gone));
    return gone();
  }

  @Endpoint(contracts.resendInvite)
  async resend(call: Call<typeof contracts.resendInvite>): Promise<Answer> {
    const { id } = call.params;
    const { license_id } = await this.#find(id, call.principal);
    const invite = this.tokens.create();
    const answer = shown(id);
    return answer(
      await this.seats.handle(
        license_id,
        (on) => ({ ...on, type: 'ResendInvite', seat_id: id, ...invite }),
        call.command(answer),
      ),
    );
  }

  @Endpoint(contracts.acceptInvite)
  async accept(call: Call<typeof contracts.acceptInvite>): Promise<Answer> {
    const token_hash = this.tokens.hash(call.body.token);
    const seat = await this.seats.byToken(token_hash);
    if (seat === undefined) {
      // Counts a failure of the address: guessing tokens locks the address out. Calls with a valid token still pass.
      await this.limits.failures.record(call.ip);
      return refuseSeat('INVITE_NOT_FOUND');
    }
    const answer = shown(seat.id);
    return answer(
      await this.seats.handle(
        seat.license_id,
        (on) => ({ ...on, type: 'AcceptInvite', seat_id: seat.id, token_hash }),
        // The invited person is the actor, even if the call carries an API key.
        call.command(answer, { type: 'user', id: seat.person_id }),
      ),
    );
  }

  /** @throws Refusal SEAT_NOT_FOUND, also for seats of products that the caller may not see */
  async #find(id: string, principal: Principal): Promise<SeatRow> {
    const seat = await this.seats.byId(id);
    return seat === undefined || seat.status === 'removed' || !seesProduct(principal, seat.product_id)
      ? refuseSeat('SEAT_NOT_FOUND')
      : seat;
  }
}

const shown =
  (id: string, status = 200) =>
  ({ state, version }: Seated): Answer =>
    new Answer(status, viewState(state.get(id) ?? refuseSeat('SEAT_NOT_FOUND')), { etag: etag(version) });

const viewState = ({ seat_id: id, license_id, product_id, email, role, status, ...times }: Seat) => ({
  id,
  license_id,
  product_id,
  email,
  role,
  status,
  invited_at: times.invited_at,
  expires_at: times.expires_at,
  accepted_at: times.accepted_at,
});

const viewRow = ({ id, license_id, product_id, email, role, status, ...times }: SeatRow) => ({
  id,
  license_id,
  product_id,
  email,
  role,
  status,
  invited_at: times.invited_at.toISOString(),
  expires_at: times.expires_at.toISOString(),
  accepted_at: times.accepted_at?.toISOString() ?? null,
});
