import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { realTime } from '#platform/clock/clock';
import type { DeliveryStatus } from '../deliveries/delivery.table.ts';
import { type Attempt, attempt } from './attempt.ts';
import { AttemptSlots } from './attempt-slots.ts';
import { type Claimed, laneOf } from './claimed.ts';
import type { ConnectionPools } from './connection-pool.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { Leases } from './leases.ts';
import { messageOf } from './message.ts';
import { isGone, outcomeOf } from './outcome.ts';
import type { Recorder } from './recorder.ts';
import type { DeliverySettings } from './settings.ts';
import type { Target } from './target.ts';
import type { Targets } from './targets.ts';

export interface DispatcherOptions {
  readonly settings: DeliverySettings;
  readonly lanes: Lanes;
  readonly leases: Leases;
  readonly targets: Pick<Targets, 'get'>;
  readonly pools: Pick<ConnectionPools, 'of'>;
  readonly recorder: Pick<Recorder, 'keep'>;
  /** A lane can take more claims. */
  readonly onRoom: () => void;
  /** Attempts have begun, so fewer deliveries are held ready. */
  readonly onSent: () => void;
  /** The result of an attempt has been written. */
  readonly onAttempt: (attempt: Attempt, status: DeliveryStatus, endpointId: string) => void;
  /** The endpoint answered 410: it wants no more deliveries. */
  readonly onGone: (endpointId: string) => Promise<void>;
  readonly onError: (error: unknown, what: string) => void;
}

/** How often slots are freed from attempts that only wait, in milliseconds. */
const SWEEP_MS = 100;

/** Makes attempts at what lanes hold ready, and has their results recorded. */
export class Dispatcher {
  readonly #slots: AttemptSlots;
  readonly #cancels = new Set<AbortController>();
  readonly #sending = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;
  /** Utilization of the event loop at the last sweep. */
  #loop: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(private readonly options: DispatcherOptions) {
    this.#slots = new AttemptSlots(options.settings.at_once);
  }

  start(): void {
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** Begins no more attempts. */
  stop(): void {
    this.#stopping = true;
    clearInterval(this.#timer);
  }

  /** Cuts attempts that are under way. They count for nothing. */
  cancel(): void {
    for (const cancel of this.#cancels) cancel.abort();
  }

  /** Returns when no attempt is under way, and the results of all are recorded or given up. */
  async settled(): Promise<void> {
    await Promise.all(this.#sending);
  }

  /** Deliveries that are being sent or whose results are being written. */
  get underWay(): number {
    return this.#sending.size;
  }

  /** The lane may have something to send, or room for claims. */
  visit(lane: Lane): void {
    if (this.#stopping) return;
    this.#slots.wait(lane);
    this.#dispatch();
    if (lane.room > 0) this.options.onRoom();
    lane.wake(() => this.visit(lane));
  }

  /** Begins as many attempts as there are slots, one of each lane in turn. */
  #dispatch(): void {
    while (this.#slots.free) {
      const lane = this.#slots.turn();
      if (lane === undefined) break;
      const next = lane.next();
      if (next === undefined) continue;
      this.#slots.take(next.id);
      this.#slots.wait(lane);
      const sending = this.#send(next, lane);
      this.#sending.add(sending);
      void sending.finally(() => this.#sending.delete(sending));
    }
    this.options.onSent();
  }

  #sweep(): void {
    const now = performance.eventLoopUtilization();
    this.#slots.sweep(1 - performance.eventLoopUtilization(now, this.#loop).utilization);
    this.#loop = now;
    if (!this.#stopping) this.#dispatch();
  }

  async #send(delivery: Claimed, lane: Lane): Promise<void> {
    const { leases, lanes, onError } = this.options;
    try {
      const target = leases.has(delivery.id) ? this.options.targets.get(delivery.endpoint_id) : undefined;
      // Asynchronously: thousands of claims that expire together would otherwise be released recursively, one within the other.
      if (target === undefined) return await Promise.resolve();
      const made = await this.#attempt(delivery, target);
      if (made !== undefined) await this.#record(delivery, target, made, lane);
    } catch (error) {
      // The claim expires, and the delivery is claimed again.
      onError(error, `delivery ${delivery.id} could not be tried`);
    } finally {
      leases.delete(delivery.id);
      this.#slots.give(delivery.id);
      lane.done(delivery);
      // The next delivery of the queue may be due now.
      if (delivery.queue !== null) lane.tell();
      this.visit(lane);
      const beside = lanes.beside(laneOf(delivery.endpoint_id, delivery.replayed));
      if (beside !== undefined) this.visit(beside);
    }
  }

  /** @returns undefined when `cancel` cut the attempt: then it counts for nothing */
  async #attempt(delivery: Claimed, target: Target): Promise<Attempt | undefined> {
    const cancel = new AbortController();
    this.#cancels.add(cancel);
    try {
      const at = new Date(realTime());
      const message = messageOf(target, delivery, at, this.options.settings.versions);
      const made = await attempt(this.options.pools.of(target), message, at, target, cancel.signal);
      return cancel.signal.aborted && made.response_status === null ? undefined : made;
    } finally {
      this.#cancels.delete(cancel);
    }
  }

  async #record(delivery: Claimed, target: Target, made: Attempt, lane: Lane): Promise<void> {
    const { recorder, settings, onAttempt, onGone } = this.options;
    const outcome = outcomeOf(delivery, target, settings.jitter, made);
    const written = await recorder.keep({ delivery, attempt: made, ...outcome }, lane.answered(delivery));
    if (!written) return;
    onAttempt(made, outcome.status, delivery.endpoint_id);
    if (isGone(made)) await onGone(delivery.endpoint_id);
  }
}
