import { Inject, Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { sessionsOf } from '#domain/licensing/floating/floating';
import { seatsOf } from '#domain/licensing/seat/seat';
import type { Time } from '#domain/shared/time';
import { reproject } from '#events/projection/reproject';
import type { EventStore } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { licensesProjection } from '../licenses/license.projection.ts';
import { seatsProjection } from '../seats/seat.projection.ts';

const SCHEMA = 'licensing';

/** Deletes the personal data of people: their key, which clears the log, and their data in the tables. */
@Injectable()
export class Forgetting {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
  ) {}

  /**
   * Forgets a person, once for each time that billing says so: afterwards the person may come back.
   * @param at when billing recorded it
   */
  async forget(person: string, at: Time, tx: PoolClient): Promise<void> {
    const { rowCount } = await tx.query({
      name: 'note_forgotten_customer',
      text: `insert into forgotten_customers as f (id, forgotten_at) values ($1, $2)
        on conflict (id) do update set forgotten_at = excluded.forgotten_at where f.forgotten_at < excluded.forgotten_at`,
      values: [person, at],
    });
    if (rowCount === 0) return;
    await this.store.forgetPerson(person);
    const licenses = await this.#licensesOf(person, tx);
    await this.#clearLicenses(person, licenses, tx);
    await this.#clearSeats(person, tx);
    await this.#clearSessions(person, licenses, tx);
  }

  /** Whether a person was forgotten after an event of billing. */
  async isForgotten(person: string, event: { readonly time: Time }): Promise<boolean> {
    const { rows } = await this.database.pool.query({
      name: 'is_forgotten',
      text: 'select from forgotten_customers where id = $1 and forgotten_at >= $2',
      values: [person, event.time],
    });
    return rows.length > 0;
  }

  /** Licenses that the person has or had: after a transfer, a license keeps the notes of its former owner. */
  async #licensesOf(person: string, tx: PoolClient): Promise<readonly string[]> {
    const { rows } = await tx.query<{ id: string }>(
      `select id from licenses where customer_id = $1
        union
        select stream_id from events where type = 'license.transferred' and data->>'previous_customer_id' = $1
        order by id`,
      [person],
    );
    return rows.map(({ id }) => id);
  }

  async #clearLicenses(person: string, licenses: readonly string[], tx: PoolClient): Promise<void> {
    const remove = (): Promise<unknown> => tx.query('delete from licenses where id = any($1)', [licenses]);
    const { store } = this;
    await reproject({ schema: SCHEMA, store, projection: licensesProjection, streams: licenses, remove }, tx);
    // The log of verifications is no part of the events.
    await tx.query(
      `update validations set ip = null, user_agent = null
        where license_id in (select id from licenses where id = any($1) and customer_id = $2)`,
      [licenses, person],
    );
  }

  async #clearSeats(person: string, tx: PoolClient): Promise<void> {
    const { rows } = await tx.query<{ license_id: string }>(
      'select distinct license_id from seats where person_id = $1 order by license_id',
      [person],
    );
    const licenses = rows.map(({ license_id }) => license_id);
    const remove = (): Promise<unknown> => tx.query('delete from seats where license_id = any($1)', [licenses]);
    const { store } = this;
    await reproject({ schema: SCHEMA, store, projection: seatsProjection, streams: licenses.map(seatsOf), remove }, tx);
  }

  /** Streams of sessions may have millions of events, so the rows are changed where they stand. */
  async #clearSessions(person: string, licenses: readonly string[], tx: PoolClient): Promise<void> {
    await tx.query(
      `update floating_sessions set identifier = null, label = null
        from events
        where stream_id = any($1) and type = 'floating.checked_out' and events.data->>'customer_id' = $2
          and floating_sessions.id = events.data->>'session_id'`,
      [licenses.map(sessionsOf), person],
    );
  }
}
