import { newTypeid } from '#ids';
import type { DomainEvent, StreamType } from '../decider.ts';
import type { RecordedEvent } from '../event.ts';
import type { HandleOptions, Loaded, Outcome, Read } from '../store.ts';

/** A stream in memory: its committed state, and its appends in progress. Only an idle stream can be evicted. */
export interface Slot {
  readonly id: string;
  readonly type: StreamType<unknown, DomainEvent>;
  state: unknown;
  version: number;
  /** The count of forgotten people when the state was read: an older state may hold personal data that has been deleted. */
  readonly forgettings: number;
  /** Appends that are being filled or written, in order; each builds on the one before it. */
  readonly appends: Append[];
}

/** A caller's command until it is answered. */
export interface Command {
  readonly decide: (state: unknown, version: number, read: Read) => readonly DomainEvent[];
  /** The states that it reads of other streams, by their ids. */
  readonly readings: readonly Reading[];
  readonly options: HandleOptions<unknown, DomainEvent>;
  /** Trace context of the command's own span. */
  readonly traceparent: string;
  readonly resolve: (outcome: Outcome<unknown, DomainEvent>) => void;
  readonly reject: (error: unknown) => void;
}

/** Another stream as a command reads it, or last read it. */
export interface Reading {
  readonly id: string;
  readonly type: StreamType<unknown, DomainEvent>;
  state: unknown;
  version: number;
}

/** An event to be written. */
export interface Draft {
  readonly id: string;
  readonly version: number;
  readonly event: DomainEvent;
  readonly command: Command;
}

/** The outcome of a decided command: events or a refusal. It is valid once the state that it was decided on is committed. */
export type Decided =
  | { readonly command: Command; readonly drafts: readonly Draft[]; readonly state: unknown; readonly version: number }
  | { readonly command: Command; readonly refusal: unknown };

/** The events of one or more commands on one stream, written atomically. */
export interface Append {
  readonly slot: Slot;
  readonly decided: Decided[];
  /** The state that the first of `decided` was decided on. */
  from: Loaded<unknown>;
  /** State and version after all of `decided`. */
  state: unknown;
  version: number;
  /** True once a flush has taken it: later commands go into the next append. */
  taken: boolean;
}

/**
 * From this number of events on, an append takes no further commands, and a flush no further appends. This keeps each short
 * and bounds its size.
 */
export const ENOUGH = 1_000;

/** The maximum number of appends per flush. */
export const MOST = 200;

export const eventsIn = (append: Append): number => append.version - append.from.version;

/** An empty append on top of the current state. */
export const appendTo = (slot: Slot, { state, version }: Loaded<unknown>): Append => ({
  slot,
  decided: [],
  from: { state, version },
  state,
  version,
  taken: false,
});

/** The base of an append on its stream: another append that is being written, or the committed state. */
export const basisOf = (append: Append): Loaded<unknown> => {
  const { appends } = append.slot;
  return appends[appends.indexOf(append) - 1] ?? append.slot;
};

/** Takes the commands out of an append and decides them again, on its current base. */
export const decideAnew = (append: Append): void => {
  const { state, version } = basisOf(append);
  const commands = append.decided.splice(0).map(({ command }) => command);
  Object.assign(append, { from: { state, version }, state, version });
  for (const command of commands) decideInto(append, command);
};

export const draftsOf = (append: Append): readonly Draft[] =>
  append.decided.flatMap((decided) => ('drafts' in decided ? decided.drafts : []));

/** Whether the append has commands with ids that are written with it. */
export const remembers = (append: Append): boolean =>
  append.decided.some((decided) => 'drafts' in decided && decided.command.options.commandId !== undefined);

/** The states of other streams that the decisions of an append depend on. */
export const readingsOf = (append: Append): readonly Reading[] =>
  append.decided.flatMap(({ command }) => command.readings);

const readFrom =
  (readings: readonly Reading[]): Read =>
  <State>({ name }: { readonly name: string }, streamId: string) => {
    const reading = readings.find(({ id }) => id === streamId);
    if (reading === undefined) throw new Error(`the command does not say that it reads ${name} ${streamId}`);
    return reading as Loaded<State>;
  };

/**
 * Decides a command on top of the current content of the append. It never throws: an error of `decide` becomes the outcome.
 */
export const decideInto = (append: Append, command: Command): void => {
  const { type } = append.slot;
  try {
    const events = command.decide(append.state, append.version, readFrom(command.readings));
    let { state, version } = append;
    const drafts = events.map((event): Draft => {
      state = type.evolve(state, event);
      version += 1;
      return { id: command.options.idOf?.(event) ?? newTypeid('evt'), version, event, command };
    });
    append.decided.push({ command, drafts, state, version });
    append.state = state;
    append.version = version;
  } catch (refusal) {
    append.decided.push({ command, refusal });
  }
};

/** Answers every command of an append whose events have been written. */
export const answer = (append: Append, recorded: ReadonlyMap<string, RecordedEvent>): void => {
  for (const decided of append.decided) {
    if ('refusal' in decided) decided.command.reject(decided.refusal);
    else decided.command.resolve(outcomeOf(append, decided, recorded));
  }
};

export const outcomeOf = (
  append: Append,
  decided: Extract<Decided, { drafts: unknown }>,
  recorded: ReadonlyMap<string, RecordedEvent>,
): Outcome<unknown, DomainEvent> => ({
  streamId: append.slot.id,
  state: decided.state,
  version: decided.version,
  events: decided.drafts.flatMap(({ id }) => recorded.get(id) ?? []),
});
