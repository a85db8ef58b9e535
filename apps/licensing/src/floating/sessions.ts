import { Inject, Injectable } from '@nestjs/common';
import { decideFloating, type FloatingCommand } from '#domain/licensing/floating/floating.commands';
import {
  type FloatingEvent,
  floatingStream,
  type Sessions as State,
  sessionsOf,
} from '#domain/licensing/floating/floating';
import type { OnLicense } from '#domain/licensing/license/on-license';
import { Refusal } from '#domain/shared/refusal';
import type { Time } from '#domain/shared/time';
import type { EventStore, HandleOptions, Outcome } from '#events/store';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { BesideLicense } from '../licenses/beside-license.ts';
import type { SessionRow } from './session.table.ts';

export type Floated = Outcome<State, FloatingEvent>;
type Options = HandleOptions<State, FloatingEvent>;

/** The sessions of floating licenses, active and ended. */
@Injectable()
export class Sessions {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly beside: BesideLicense,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  handle(license_id: string, command: (on: OnLicense) => FloatingCommand, options: Options): Promise<Floated> {
    return this.beside.handle(
      license_id,
      floatingStream,
      sessionsOf(license_id),
      (on, sessions) => decideFloating(command(on), sessions),
      options,
    );
  }

  /**
   * Runs a command on one session. If the stream state no longer holds the session, the command is decided again as for an ended
   * session.
   */
  async handleOne(
    license_id: string,
    session_id: string,
    type: 'Heartbeat' | 'CheckIn',
    options: Options,
  ): Promise<Floated> {
    const handle = (ended: boolean): Promise<Floated> =>
      this.handle(license_id, (on) => ({ ...on, type, session_id, ended }), options);
    try {
      return await handle(false);
    } catch (error) {
      const isUnknown = error instanceof Refusal && error.code === 'SESSION_NOT_FOUND';
      if (!isUnknown || !(await this.#wasThere(license_id, session_id))) throw error;
      // An ended session never becomes active again, so this cannot have changed in the meantime.
      return handle(true);
    }
  }

  async #wasThere(license_id: string, session_id: string): Promise<boolean> {
    const { rowCount } = await this.database.pool.query({
      name: 'floating_session',
      text: 'select 1 from floating_sessions where id = $1 and license_id = $2',
      values: [session_id, license_id],
    });
    return rowCount === 1;
  }

  /**
   * Active sessions, oldest first.
   * @param after id of the last session on the previous page
   */
  async running(license_id: string, after: string, limit: number): Promise<SessionRow[]> {
    const { rows } = await this.database.pool.query<SessionRow>({
      name: 'floating_sessions',
      text: `select * from floating_sessions
        where license_id = $1 and ended_at is null and expires_at > $2 and id > $3 order by id limit $4`,
      values: [license_id, this.clock.now(), after, limit],
    });
    return rows;
  }

  /** Ends the sessions of a license that have expired by `now`. */
  async expire(license_id: string, now: Time): Promise<void> {
    await this.store.handle(
      floatingStream,
      sessionsOf(license_id),
      (sessions) => decideFloating({ type: 'ExpireSessions', now }, sessions),
      { metadata: { actor: { type: 'system', id: 'scheduler' }, correlation_id: license_id } },
    );
  }
}
