/** A fact of the past: `type` is `<aggregate>.<past-tense verb>`, the other fields are JSON and snake_case. */
export interface DomainEvent {
  readonly type: string;
}

/**
 * How one kind of stream is read. `State` and `Event` come from the domain; the store adds nothing to them.
 *
 * `decide` is not here: a command is any function `(state) => events` (see `EventStore.handle`), which throws to refuse.
 */
export interface StreamType<State = unknown, Event extends DomainEvent = DomainEvent> {
  /** Name of the aggregate (`license`); for people and metrics. */
  readonly name: string;
  readonly initialState: State;
  /** Pure. Event types it does not know leave the state unchanged. */
  evolve(this: void, state: State, event: Event): State;
  /**
   * Fields that hold personal data, by event type. They are stored encrypted under the key of the person that
   * `person` names, and read back as `null` once that person has been forgotten.
   */
  readonly personal?: Readonly<Record<string, PersonalFields<Event>>>;
  /** Upcasts an event of an older schema to the current one, by event type. The chain is applied one version at a time. */
  readonly upcasters?: Readonly<Record<string, Upcasters>>;
}

/** A stream type with any state and events, for lists of stream types. */
export interface AnyStreamType {
  readonly name: string;
  readonly initialState: unknown;
  evolve(this: void, state: never, event: never): unknown;
  readonly personal?: Readonly<Record<string, PersonalFields<never>>>;
  readonly upcasters?: Readonly<Record<string, Upcasters>>;
}

export interface PersonalFields<Event extends DomainEvent = DomainEvent> {
  /** Id of the person the data is about, or null when there is none (then the fields must be null or missing too). */
  person(this: void, event: Event): string | null;
  readonly fields: readonly string[];
}

/** `upcasters[n]` turns the data of schema version n into that of n + 1; the present version is the highest n + 1. */
export type Upcasters = Readonly<Record<number, (data: Record<string, unknown>) => Record<string, unknown>>>;
