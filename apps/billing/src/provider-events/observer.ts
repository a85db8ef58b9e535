import type { VerifiedEvent } from './door.ts';

/** An event that was kept, as it is given to the observer of its provider. */
export interface ReceivedEvent extends Omit<VerifiedEvent, 'foreign'> {
  /** Ours, `pev_…`. */
  readonly id: string;
  readonly provider: string;
  readonly received_at: string;
  /** The body as it was sent; null = it was purged. */
  readonly payload: Buffer | null;
}

/** What became of an event. */
export interface Applied {
  /** `ignored`: nothing of ours depends on it. `waiting`: it refers to something that is not there yet. */
  readonly status: 'applied' | 'ignored' | 'waiting';
  /** What was done, for operators, such as `inv_… is paid`; without personal data. */
  readonly effect: readonly string[];
  /** Names what it waits for, as `ProviderEvents.appeared` will; left out, it is only tried again after pauses. */
  readonly waits_for?: string;
}

/**
 * Applies events of a provider. An event is a hint: what counts is the present state, for which the provider is asked.
 *
 * The same event is applied again after a crash or a failure, and events come in any order, so `apply` must be idempotent. Events
 * of one object are applied one after another, those of different objects at the same time. If it throws, the event is tried
 * again later; the message of the error is shown to operators.
 */
export interface ProviderObserver {
  readonly provider: string;
  apply(event: ReceivedEvent): Promise<Applied>;
}

/**
 * Injection token of all observers, `readonly ProviderObserver[]`. Events of a provider that has a door and no observer are
 * kept as `received` until it has one.
 */
export const PROVIDER_OBSERVERS = Symbol('ProviderObservers');
