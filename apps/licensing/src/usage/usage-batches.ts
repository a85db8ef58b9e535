import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { derivedId } from '#domain/shared/id';
import { Refusal } from '#domain/shared/refusal';
import { recordUsage, type Usage, type UsageRecord } from '#domain/licensing/usage/usage.commands';
import { usageRefusals } from '#domain/licensing/usage/usage.errors';
import { type UsageEvent, usageStreamId } from '#domain/licensing/usage/usage';
import type { EventMetadata, RecordedEvent } from '#events/event';
import { type EventStore, UniqueViolationError } from '#events/store';
import { EVENT_STORE } from '#platform/service';
import { UsageCommands } from './usage-commands.ts';

/** A record with its license and feature. */
export interface SentUsage {
  readonly license_id: string;
  readonly feature: string;
  readonly record: UsageRecord;
}

/** The result of a record. */
export type UsageResult =
  | { readonly accepted: true; readonly overage: boolean }
  | { readonly accepted: false; readonly code: string; readonly detail: string };

/** A record that waits for its result. */
interface Waiting extends SentUsage {
  /** The id of its event, which deduplicates it; undefined if the record has no idempotency key. */
  readonly id: string | undefined;
  answer(result: UsageResult): void;
}

type Known = ReadonlyMap<string, RecordedEvent<UsageEvent>>;

/**
 * Records usage of many features and licenses. Records of the same feature and license are decided together and written as one
 * append.
 */
@Injectable()
export class UsageBatches {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly commands: UsageCommands,
  ) {}

  /** @returns the result of each record, in the same order */
  async record(sent: readonly SentUsage[], metadata: (license_id: string) => EventMetadata): Promise<UsageResult[]> {
    const results: UsageResult[] = [];
    const ids = new EventIds();
    const waiting = sent.map((one, n): Waiting => ({
      ...one,
      id: ids.of(one.license_id, one.record.idempotency_key),
      answer: (result) => {
        results[n] = result;
      },
    }));
    const known = await this.#known(waiting);
    const streams = Map.groupBy(waiting, ({ license_id, feature }) => usageStreamId(license_id, feature));
    await Promise.all([...streams.values()].map((of) => this.#recordStream(of, known, ids, metadata)));
    return results;
  }

  /**
   * Writes the records of one stream. If another call has written one of them at the same time, it looks up the known records
   * again.
   */
  async #recordStream(
    waiting: readonly Waiting[],
    before: Known,
    ids: EventIds,
    metadata: (license_id: string) => EventMetadata,
  ): Promise<void> {
    for (let known = before; ; known = await this.#known(waiting)) {
      const open = answerKnown(waiting, known);
      const [first] = open;
      if (first === undefined) return;
      const { license_id, feature } = first;
      const { once, again } = distinct(open);
      let outcomes: readonly (Usage | Refusal)[] = [];
      try {
        await this.commands.handle(
          license_id,
          feature,
          (on, state) => {
            const decision = recordUsage(
              on,
              once.map(({ record }) => record),
              state,
            );
            outcomes = decision.outcomes;
            return decision.events;
          },
          { metadata: metadata(license_id), idOf: (event) => ids.ofEvent(event) },
        );
      } catch (error) {
        if (error instanceof UniqueViolationError && error.constraint === 'events_id_key') continue;
        if (!(error instanceof Refusal)) throw error;
        for (const one of open) one.answer(refused(error));
        return;
      }
      once.forEach((one, n) => {
        const result = resultOf(outcomes[n]);
        one.answer(result);
        for (const same of again.get(one) ?? []) same.answer(isSame(one, same.record) ? result : REUSED);
      });
      return;
    }
  }

  #known(waiting: readonly Waiting[]): Promise<Known> {
    return this.store.find<UsageEvent>(waiting.flatMap(({ id }) => id ?? []));
  }
}

/**
 * Answers records that were counted before.
 * @returns the others
 */
const answerKnown = (waiting: readonly Waiting[], known: Known): Waiting[] =>
  waiting.filter((one) => {
    const event = one.id === undefined ? undefined : known.get(one.id)?.event;
    if (event?.type !== 'usage.recorded') return true;
    one.answer(
      isSame(one, event) && event.feature === one.feature ? { accepted: true, overage: event.overage } : REUSED,
    );
    return false;
  });

/** Compares quantities but not times: a record without a timestamp gets a different time each time it is sent. */
const isSame = (one: Waiting, { quantity }: { readonly quantity: number }): boolean => one.record.quantity === quantity;

/** Splits off duplicates: `once` has the first record of each id, `again` has its duplicates. */
const distinct = (
  waiting: readonly Waiting[],
): { readonly once: readonly Waiting[]; readonly again: ReadonlyMap<Waiting, Waiting[]> } => {
  const firsts = new Map<string, Waiting>();
  const again = new Map<Waiting, Waiting[]>();
  const once = waiting.filter((one) => {
    if (one.id === undefined) return true;
    const first = firsts.get(one.id);
    if (first === undefined) firsts.set(one.id, one);
    else again.set(first, [...(again.get(first) ?? []), one]);
    return first === undefined;
  });
  return { once, again };
};

const refused = ({ code, message }: Pick<Refusal, 'code' | 'message'>): UsageResult => ({
  accepted: false,
  code,
  detail: message,
});

const EXCEEDED = refused({ code: 'QUOTA_EXCEEDED', message: usageRefusals.QUOTA_EXCEEDED.message });
const REUSED = refused({
  code: 'IDEMPOTENCY_KEY_REUSED',
  message: 'This idempotency_key was used for another record.',
});

const resultOf = (outcome: Usage | Refusal | undefined): UsageResult => {
  if (outcome === undefined) throw new Error('a record was left without a decision');
  if (outcome instanceof Refusal) return refused(outcome);
  return outcome.accepted ? { accepted: true, overage: outcome.overage } : EXCEEDED;
};

/** Ids of events that are counted once. They are derived from the license and the key, so every instance gets the same id. */
class EventIds {
  /** By license and key. */
  readonly #made = new Map<string, Map<string, string>>();

  of(license_id: string, idempotency_key: string | null): string | undefined {
    if (idempotency_key === null) return undefined;
    const made = this.#madeFor(license_id);
    let id = made.get(idempotency_key);
    if (id === undefined) {
      // Hashes to a string: a separate buffer for each hash takes three times as long.
      const bytes = hash('sha256', `${license_id} ${idempotency_key}`, 'binary');
      id = derivedId('evt', Buffer.from(bytes, 'binary'));
      made.set(idempotency_key, id);
    }
    return id;
  }

  #madeFor(license_id: string): Map<string, string> {
    let made = this.#made.get(license_id);
    if (made === undefined) {
      made = new Map();
      this.#made.set(license_id, made);
    }
    return made;
  }

  ofEvent(event: UsageEvent): string | undefined {
    return event.type === 'usage.recorded' ? this.of(event.license_id, event.idempotency_key) : undefined;
  }
}
