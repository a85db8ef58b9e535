import { Inject, Injectable } from '@nestjs/common';
import type { OnLicense } from '#domain/licensing/license/on-license';
import { decideSeat, type SeatCommand } from '#domain/licensing/seat/seat.commands';
import { type SeatEvent, type Seats as SeatsState, seatsOf, seatStream } from '#domain/licensing/seat/seat';
import type { Time } from '#domain/shared/time';
import type { EventStore, HandleOptions, Outcome } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { BesideLicense } from '../licenses/beside-license.ts';
import type { SeatRow } from './seat.table.ts';

export type Seated = Outcome<SeatsState, SeatEvent>;

/** Reads seats, and runs commands on them. */
@Injectable()
export class Seats {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly beside: BesideLicense,
  ) {}

  /** A seat by its id, even if it was removed. */
  async byId(id: string): Promise<SeatRow | undefined> {
    const { rows } = await this.database.pool.query<SeatRow>({
      name: 'seat_by_id',
      text: 'select * from seats where id = $1',
      values: [id],
    });
    return rows[0];
  }

  /** The seat whose latest invitation has this token. */
  async byToken(token_hash: string): Promise<SeatRow | undefined> {
    const { rows } = await this.database.pool.query<SeatRow>({
      name: 'seat_by_token',
      text: 'select * from seats where token_hash = $1',
      values: [token_hash],
    });
    return rows[0];
  }

  /** Decides a command on the seats of a license. @throws Refusal */
  handle(
    license_id: string,
    command: (on: OnLicense) => SeatCommand,
    options: HandleOptions<SeatsState, SeatEvent>,
  ): Promise<Seated> {
    return this.beside.handle(
      license_id,
      seatStream,
      seatsOf(license_id),
      (on, seats) => decideSeat(command(on), seats),
      options,
    );
  }

  /** Ends the invitations of a license that have expired by `now`. */
  async expire(license_id: string, now: Time): Promise<void> {
    await this.store.handle(
      seatStream,
      seatsOf(license_id),
      (seats) => decideSeat({ type: 'ExpireInvites', now }, seats),
      { metadata: { actor: { type: 'system', id: 'scheduler' }, correlation_id: license_id } },
    );
  }
}
