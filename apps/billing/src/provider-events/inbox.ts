import { Inject, Injectable } from '@nestjs/common';
import { newId } from '#domain/shared/id';
import { isUnavailable } from '#events/store/away';
import { workChannel } from '#platform/background/wake-work';
import type { MasterKey } from '#platform/crypto/keys';
import type { ServiceDatabase } from '#platform/database/database';
import { Problem } from '#platform/http/problem';
import { DATABASE, MASTER_KEY } from '#platform/service';
import type { VerifiedEvent } from './door.ts';
import { PAYLOAD_PURPOSE } from './provider-event.table.ts';
import { APPLY_PROVIDER_EVENTS, TRIED_DAYS } from './trying.ts';

/** The most events, and bytes of their bodies, that one statement writes. */
const AT_ONCE = 200;
const BYTES_AT_ONCE = 8 * 2 ** 20;
/** Time until an answer, in milliseconds: providers give up a few seconds later, and send the event again. */
const ANSWER_MS = 5_000;

/** An event to keep. */
export interface Arrival {
  readonly provider: string;
  readonly event: VerifiedEvent;
  /** The body as it was sent. */
  readonly raw: Buffer;
}

interface Waiting extends Arrival {
  readonly kept: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Keeps the events that providers send. Those that arrive while a statement is under way are written together by the next
 * one, so that a burst of thousands costs few commits.
 */
@Injectable()
export class Inbox {
  /** In the order of arrival. */
  readonly #waiting = new Set<Waiting>();
  #writing = false;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
  ) {}

  /**
   * Keeps an event, and has it applied soon. One that is known already is only counted. The event is committed when this
   * resolves.
   * @throws Problem 503 UNAVAILABLE if the database takes too long; what the database throws
   */
  keep(arrival: Arrival): Promise<void> {
    return new Promise((resolve, reject) => {
      const settled = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
      };
      const failed = (error: unknown): void => {
        settled();
        reject(error instanceof Error ? error : new Error(String(error)));
      };
      const kept = (): void => {
        settled();
        resolve();
      };
      const timer = setTimeout(() => failed(tooLate()), ANSWER_MS);
      const waiting = { ...arrival, kept, failed };
      this.#waiting.add(waiting);
      void this.#write();
    });
  }

  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    while (this.#waiting.size > 0) await this.#writeTogether(this.#next());
    this.#writing = false;
  }

  /** Takes as many as one statement may write. */
  #next(): readonly Waiting[] {
    const next: Waiting[] = [];
    let bytes = 0;
    for (const one of this.#waiting) {
      bytes += one.raw.length;
      if (next.length > 0 && (next.length >= AT_ONCE || bytes > BYTES_AT_ONCE)) break;
      next.push(one);
      this.#waiting.delete(one);
    }
    return next;
  }

  async #writeTogether(arrivals: readonly Waiting[]): Promise<void> {
    try {
      await this.#insert(arrivals);
      for (const { kept } of arrivals) kept();
    } catch (error) {
      // One that the database refuses must not be the fault of the others.
      if (arrivals.length > 1 && !isUnavailable(error)) {
        for (const one of arrivals) await this.#writeTogether([one]);
      } else {
        for (const { failed } of arrivals) failed(error);
      }
    }
  }

  /** One statement inserts the events, and rings for those that are new. */
  async #insert(arrivals: readonly Arrival[]): Promise<void> {
    const rows = rowsOf(arrivals).map((row) => ({ ...row, id: newId('pev') }));
    const column = <T>(value: (row: (typeof rows)[number]) => T): T[] => rows.map(value);
    await this.database.pool.query({
      name: 'keep_provider_events',
      text: INSERT,
      values: [
        column(({ id }) => id),
        column(({ provider }) => provider),
        column(({ event }) => event.event_id),
        column(({ event }) => event.type),
        column(({ event }) => event.object?.kind ?? null),
        column(({ event }) => event.object?.id ?? null),
        column(orderKeyOf),
        column(({ event }) => event.account),
        column(({ event }) => event.livemode),
        column(({ event }) => event.created_at),
        column(({ event }) => event.api_version),
        column(({ event }) => event.shape),
        column(({ id, raw }) => this.masterKey.seal(PAYLOAD_PURPOSE, raw, id)),
        column(({ deliveries }) => deliveries),
        column(({ event }) => event.foreign),
        workChannel(this.database.schema),
        APPLY_PROVIDER_EVENTS,
        TRIED_DAYS,
      ],
    });
  }
}

/**
 * Each event once, in the order of ids: a statement cannot write a row twice, and statements of two instances that write the
 * same rows in another order would block each other.
 */
const rowsOf = (arrivals: readonly Arrival[]): (Arrival & { readonly deliveries: number })[] => {
  const byId = Object.values(Object.groupBy(arrivals, ({ provider, event }) => `${provider} ${event.event_id}`));
  return byId
    .flatMap((same) => (same?.[0] === undefined ? [] : [{ ...same[0], deliveries: same.length }]))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
};

const keyOf = ({ provider, event }: Arrival): string => `${provider} ${event.event_id}`;

const orderKeyOf = ({ provider, event: { event_id, object } }: Arrival): string =>
  object === null ? `${provider} event ${event_id}` : `${provider} ${object.kind} ${object.id}`;

const tooLate = (): Problem =>
  new Problem(503, 'UNAVAILABLE', 'The event could not be kept in time. Send it again.', {}, { 'retry-after': '5' });

const INSERT = `
  with kept as (
    insert into provider_events as e (
      id, provider, event_id, type, object_kind, object_id, order_key, account, livemode, created_at, api_version, shape, payload,
      deliveries, status, reason, effect, attempts, next_attempt_at, give_up_at, received_at
    )
    select id, provider, event_id, type, object_kind, object_id, order_key, account, livemode, created_at, api_version, shape, payload,
      deliveries, case when reason is null then 'received' else 'ignored' end, reason, '[]', 0,
      case when reason is null then now() end, now() + make_interval(days => $18::int), now()
    from unnest(
      $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::boolean[],
      $10::timestamptz[], $11::text[], $12::text[], $13::text[], $14::int[], $15::text[]
    ) as arrived (
      id, provider, event_id, type, object_kind, object_id, order_key, account, livemode, created_at, api_version, shape, payload,
      deliveries, reason
    )
    on conflict (provider, event_id) do update set deliveries = e.deliveries + excluded.deliveries
    returning xmax = 0 and status = 'received' as is_due
  )
  select pg_notify($16, $17) from (select from kept where is_due limit 1) as one`;
