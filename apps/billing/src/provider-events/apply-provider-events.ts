import { Inject, Injectable, Optional } from '@nestjs/common';
import { BackgroundWork, type Due, type DueQuery, type Turn } from '#platform/background/background-work';
import type { MasterKey } from '#platform/crypto/keys';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, MASTER_KEY } from '#platform/service';
import { redactText } from '#platform/telemetry/redact';
import { type Applied, PROVIDER_OBSERVERS, type ProviderObserver, type ReceivedEvent } from './observer.ts';
import { PAYLOAD_PURPOSE, type ProviderEventRow } from './provider-event.table.ts';
import { APPLY_PROVIDER_EVENTS, pauseAfter } from './trying.ts';

/** Longest error that is kept, in characters. */
const ERROR_LENGTH = 1_000;
/** How many due events `due` looks at, for each object that it may return. */
const EVENTS_AN_OBJECT = 10;

/** `seen`: the time of the next attempt with all its digits, which a Date does not have. */
type DueEvent = ProviderEventRow & { readonly seen: string };

interface Outcome extends Applied {
  readonly last_error?: string;
}

/**
 * Has events of providers applied by the observer of their provider. An id that is due is an order key: the events of one object
 * are applied one after another. One that fails or waits holds up no other event of its object.
 */
@Injectable()
export class ApplyProviderEvents extends BackgroundWork {
  readonly name = APPLY_PROVIDER_EVENTS;
  override readonly follows = 'real';
  override readonly atOnce = 20;
  override readonly sliding = true;
  override readonly retryMs = 1_000;
  readonly #observers: ReadonlyMap<string, ProviderObserver>;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
    @Optional() @Inject(PROVIDER_OBSERVERS) observers: readonly ProviderObserver[] | undefined,
  ) {
    super();
    this.#observers = new Map((observers ?? []).map((observer) => [observer.provider, observer]));
  }

  async due({ except, limit }: DueQuery): Promise<readonly Due[]> {
    if (this.#observers.size === 0) return [];
    const { rows } = await this.database.pool.query<Due>({
      name: 'due_provider_events',
      text: `select order_key as id, min(next_attempt_at) as due_at from (
          select order_key, next_attempt_at from provider_events
          where provider = any($1) and next_attempt_at <= now() and order_key <> all($2) order by next_attempt_at limit $3
        ) as due group by order_key order by due_at limit $4`,
      values: [[...this.#observers.keys()], except, limit * EVENTS_AN_OBJECT, limit],
    });
    return rows;
  }

  async attend(orderKey: string, { signal }: Turn): Promise<void> {
    for (let next = await this.#next(orderKey); next !== undefined; next = await this.#next(orderKey)) {
      await this.#apply(next);
      if (signal.aborted) return;
    }
  }

  /** The first due event with an order key. */
  async #next(orderKey: string): Promise<DueEvent | undefined> {
    const { rows } = await this.database.pool.query<DueEvent>({
      name: 'next_provider_event',
      text: `select *, next_attempt_at::text as seen from provider_events
        where order_key = $1 and next_attempt_at <= now() order by created_at, id limit 1`,
      values: [orderKey],
    });
    return rows[0];
  }

  /** A crash before the result is recorded has the event applied again. */
  async #apply(row: DueEvent): Promise<void> {
    const observer = this.#observers.get(row.provider);
    if (observer === undefined) throw new Error(`Events of ${row.provider} have no observer.`);
    let outcome: Outcome;
    try {
      outcome = await observer.apply(this.#eventOf(row));
    } catch (error) {
      const last_error = redactText(error instanceof Error ? error.message : String(error)).slice(0, ERROR_LENGTH);
      await this.#tryAgain(row, 'failed', { effect: [], last_error });
      throw new Error(`${row.id} (${row.type}) could not be applied`, { cause: error });
    }
    if (outcome.status === 'waiting') await this.#tryAgain(row, 'waiting', outcome);
    else await this.#done(row, outcome);
  }

  #eventOf(row: ProviderEventRow): ReceivedEvent {
    const { id, provider, event_id, type, object_kind: kind, object_id, account, livemode, api_version, shape } = row;
    return {
      ...{ id, provider, event_id, type, account, livemode, api_version, shape },
      object: kind === null || object_id === null ? null : { kind, id: object_id },
      created_at: row.created_at.toISOString(),
      received_at: row.received_at.toISOString(),
      payload: row.payload === null ? null : Buffer.from(this.masterKey.open(PAYLOAD_PURPOSE, row.payload, id)),
    };
  }

  /** A leader that was replaced may come last with its result: it changes nothing any more. */
  async #done({ id }: ProviderEventRow, { status, effect }: Outcome): Promise<void> {
    await this.database.pool.query({
      name: 'provider_event_done',
      text: `update provider_events set status = $2, effect = $3, attempts = attempts + 1, waits_for = null, last_error = null,
        next_attempt_at = null, applied_at = now() where id = $1 and next_attempt_at is not null`,
      values: [id, status, JSON.stringify(effect)],
    });
  }

  /**
   * Has an event tried again after a pause, or gives it up. If it was asked for while it was tried, it is due at once: what it
   * waits for may have appeared meanwhile.
   */
  async #tryAgain(row: DueEvent, status: 'failed' | 'waiting', outcome: Omit<Outcome, 'status'>): Promise<void> {
    const { effect, waits_for = null, last_error = null } = outcome;
    await this.database.pool.query({
      name: 'provider_event_later',
      text: `update provider_events set
          status = case when now() < give_up_at then $2 else 'dead' end,
          next_attempt_at = case
            when now() >= give_up_at then null
            when next_attempt_at::text <> $7 then next_attempt_at
            else least(now() + make_interval(secs => $6::int), give_up_at)
          end,
          effect = $3, waits_for = $4, last_error = $5, attempts = attempts + 1
        where id = $1 and next_attempt_at is not null`,
      values: [
        ...[row.id, status, JSON.stringify(effect), waits_for, last_error],
        ...[pauseAfter(row.attempts + 1), row.seen],
      ],
    });
  }
}
