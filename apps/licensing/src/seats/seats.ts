import { Inject, Injectable } from '@nestjs/common';
import { refuse } from '#domain/license/license.errors';
import { licenseStream } from '#domain/license/license';
import { planStream, refusePlan } from '#domain/plan/plan';
import { decideSeat, type OnLicense, type SeatCommand } from '#domain/seat/seat.commands';
import { type SeatEvent, type Seats as SeatsState, seatsOf, seatStream } from '#domain/seat/seat';
import type { EventStore, HandleOptions, Outcome } from '#events';
import { DATABASE, EVENT_STORE, type ServiceDatabase } from '#platform';
import { Licenses } from '../licenses/licenses.ts';
import type { SeatRow } from './seat.table.ts';

export type Seated = Outcome<SeatsState, SeatEvent>;

/** Seats with the licences and plans that commands on them reckon with. */
@Injectable()
export class Seats {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly licenses: Licenses,
  ) {}

  /** A seat by its id, also one that was removed. */
  async byId(id: string): Promise<SeatRow | undefined> {
    const { rows } = await this.database.pool.query<SeatRow>({
      name: 'seat_by_id',
      text: 'select * from seats where id = $1',
      values: [id],
    });
    return rows[0];
  }

  /** The seat whose present invitation has this token. */
  async byToken(token_hash: string): Promise<SeatRow | undefined> {
    const { rows } = await this.database.pool.query<SeatRow>({
      name: 'seat_by_token',
      text: 'select * from seats where token_hash = $1',
      values: [token_hash],
    });
    return rows[0];
  }

  /**
   * Decides a command on a licence's seats against licence and plan as they are when it is committed: no seat is taken on a
   * licence that another instance suspended, revoked or moved to another plan a moment before.
   */
  async handle(
    license_id: string,
    command: (on: OnLicense) => SeatCommand,
    options: HandleOptions<SeatsState, SeatEvent>,
  ): Promise<Seated> {
    const now = new Date().toISOString();
    for (;;) {
      const { state } = await this.store.load(licenseStream, license_id);
      if (state.status === 'none') return refuse('LICENSE_NOT_FOUND');
      const { plan_id, product_id } = state;
      // What a product is never changes.
      const { type: product_type } = await this.licenses.product(product_id);
      try {
        return await this.store.handle(
          seatStream,
          seatsOf(license_id),
          (seats, _version, read) => {
            const { state: license } = read(licenseStream, license_id);
            if (license.status === 'none') return refuse('LICENSE_NOT_FOUND');
            if (license.plan_id !== plan_id) throw new PlanHasChanged();
            const { state: terms } = read(planStream, plan_id);
            if (terms.status === 'none') return refusePlan('PLAN_NOT_FOUND');
            return decideSeat(command({ license_id, license, plan: { plan_id, ...terms }, product_type, now }), seats);
          },
          {
            ...options,
            reads: [
              { type: licenseStream, id: license_id },
              { type: planStream, id: plan_id },
            ],
          },
        );
      } catch (error) {
        if (!(error instanceof PlanHasChanged)) throw error;
      }
    }
  }

  /** Ends a licence's invitations whose time has come. */
  async expire(license_id: string): Promise<void> {
    const now = new Date().toISOString();
    await this.store.handle(
      seatStream,
      seatsOf(license_id),
      (seats) => decideSeat({ type: 'ExpireInvites', now }, seats),
      { metadata: { actor: { type: 'system', id: 'scheduler' }, correlation_id: license_id } },
    );
  }
}

/** The licence went over to another plan between the look and the decision. */
class PlanHasChanged extends Error {}
