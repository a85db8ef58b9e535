import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedEvent } from '../event.ts';
import { HandledBeforeError, isExpected, StaleVersionError, UniqueViolationError } from '../store.ts';
import { type Append, answer, appendTo, type Command, decideInto, draftsOf, readingsOf, remembers } from './append.ts';
import { isAway } from './away.ts';
import type { LogReader } from './read.ts';
import { ConnectionLostError } from './line.ts';
import { violated, type Writer } from './writer.ts';

/** How often, and after what pauses, a flush whose connection was lost is tried again before its callers are told. */
const LOST_TRIES = 20;
const LOST_PAUSE_MS = 250;

export interface FlusherHooks {
  /** An append has been answered, or given up. */
  onDone(append: Append): void;
  /** Decides an append anew when what it was decided upon has come out otherwise. @returns whether it has */
  renew(append: Append): boolean;
  onFlush(recorded: ReadonlyMap<string, RecordedEvent>): void;
  onConflict(): void;
  recall(commandId: string): Promise<{ fingerprint: string; result: Uint8Array } | undefined>;
}

/** Writes batches of appends, and answers them: all at once, or what can be written when not all of it can. */
export class Flusher {
  /** A batch has failed and is written in parts: what it comes to is not known yet. */
  #mending = false;

  constructor(
    private readonly writer: Writer,
    private readonly reader: LogReader,
    private readonly hooks: FlusherHooks,
  ) {}

  /** Whether a batch is being written that another may follow. */
  get goesOn(): boolean {
    return !this.#mending && this.writer.goesOn;
  }

  /** Resolves when all of the batch has been answered. */
  async flush(batch: readonly Append[]): Promise<void> {
    await this.#flush(batch);
    this.#mending = false;
  }

  /** Writes a batch behind the one that is being written, if that is written as it was decided; else by itself. */
  async follow(batch: readonly Append[], before: Promise<void>): Promise<void> {
    let recorded: ReadonlyMap<string, RecordedEvent> | undefined;
    let lost: ConnectionLostError | undefined;
    try {
      // What changes nothing is not written, so it would not be noticed that it had been decided upon something else.
      if (batch.every((append) => draftsOf(append).length > 0)) recorded = await this.writer.writeBehind(batch);
    } catch (error) {
      // Any other error comes again when the batch is written by itself, unless it was that of the one before.
      if (error instanceof ConnectionLostError) lost = error;
    }
    await before;
    if (recorded !== undefined) this.#succeed(batch, recorded);
    else if (lost !== undefined) await this.#retry(batch, lost);
    else {
      for (const append of batch) this.hooks.renew(append);
      await this.#flush(batch);
    }
    this.#mending = false;
  }

  async #flush(batch: readonly Append[]): Promise<void> {
    const changed = await this.#answerUnchanged(batch);
    if (changed.length === 0) return;
    let recorded: ReadonlyMap<string, RecordedEvent>;
    try {
      recorded = await this.writer.write(changed);
    } catch (error) {
      return this.#recover(changed, error);
    }
    this.#succeed(changed, recorded);
  }

  /**
   * Refusals and commands that changed nothing insert nothing, so no unique index tells whether they were decided upon the
   * present state. One look at the log does: nobody is refused for what another process has undone already.
   * @returns the appends that have something to write
   */
  async #answerUnchanged(batch: readonly Append[]): Promise<readonly Append[]> {
    const unchanged = batch.filter((append) => draftsOf(append).length === 0);
    if (unchanged.length === 0) return batch;
    const done = new Set(unchanged);
    try {
      const stale = await this.#staleAmong(unchanged);
      for (const append of stale) await this.#flushUnderLock(append, commandsOf(append));
      const current = unchanged.filter((append) => !stale.has(append));
      for (const append of current) {
        if (remembers(append)) done.delete(append);
        else this.#succeed([append], new Map());
      }
    } catch (problem) {
      await this.#blocked(unchanged, problem);
    }
    return batch.filter((append) => !done.has(append));
  }

  #succeed(batch: readonly Append[], recorded: ReadonlyMap<string, RecordedEvent>): void {
    if (recorded.size > 0) this.hooks.onFlush(recorded);
    for (const append of batch) {
      append.slot.state = append.state;
      append.slot.version = append.version;
      answer(append, recorded);
      this.hooks.onDone(append);
    }
  }

  /**
   * The batch was not written, or nobody knows. Streams that another process wrote to are decided again under the ordering
   * lock, where no second conflict can happen; when there are none, each append is tried alone, so that a bad one fails by
   * itself.
   */
  async #recover(batch: readonly Append[], error: unknown): Promise<void> {
    this.#mending = true;
    if (error instanceof ConnectionLostError) return this.#retry(batch, error);
    let stale: ReadonlySet<Append>;
    try {
      stale = await this.#staleAmong(batch);
    } catch (problem) {
      return this.#blocked(batch, problem);
    }
    const fresh = batch.filter((append) => !stale.has(append));
    if (stale.size > 0) {
      if (fresh.length > 0) await this.#flush(fresh);
      for (const append of stale) await this.#flushUnderLock(append, commandsOf(append));
    } else if (batch.length > 1) {
      for (const append of batch) await this.#flush([append]);
    } else {
      for (const append of batch) await this.#refuse(append, error);
    }
  }

  /** The log could not be looked at. */
  async #blocked(batch: readonly Append[], problem: unknown): Promise<void> {
    if (isAway(problem))
      await this.#retry(batch, new ConnectionLostError('no connection to the database', { cause: problem }));
    else this.#fail(batch, problem);
  }

  async #staleAmong(batch: readonly Append[]): Promise<Set<Append>> {
    const seen = batch.flatMap((append) => [append.slot, ...readingsOf(append)]);
    const heads = await this.reader.heads(seen.map(({ id }) => id));
    const moved = ({ id, version }: { id: string; version: number }): boolean => (heads.get(id) ?? 0) !== version;
    return new Set(batch.filter((append) => moved(append.slot) || readingsOf(append).some(moved)));
  }

  /** A single append was refused: by a remembered command, by a unique index, or for a reason of its own. */
  async #refuse(append: Append, error: unknown): Promise<void> {
    const commands = commandsOf(append);
    if (violated(error)?.constraint === 'commands_once') {
      const open: Command[] = [];
      for (const command of commands) if (!(await this.#rejectIfHandled(command))) open.push(command);
      if (open.length < commands.length) return this.#flushUnderLock(append, open);
    }
    if (commands.length > 1) {
      // Each command of the stream by itself: the one that cannot be written must not take its neighbours along.
      for (const command of commands.slice(0, -1)) await this.#flushUnderLock(append, [command], false);
      return this.#flushUnderLock(append, commands.slice(-1));
    }
    return this.#fail([append], publicError(error));
  }

  async #rejectIfHandled(command: Command): Promise<boolean> {
    const { commandId } = command.options;
    if (commandId === undefined) return false;
    const remembered = await this.hooks.recall(commandId);
    if (remembered === undefined) return false;
    command.reject(new HandledBeforeError(commandId, remembered.fingerprint, remembered.result));
    return true;
  }

  /** Reads what others wrote, decides anew and writes, all while nobody else can write. */
  async #flushUnderLock(append: Append, commands: readonly Command[], last = true): Promise<void> {
    this.hooks.onConflict();
    const { slot } = append;
    const again: Append = { ...appendTo(slot, slot), taken: true };
    let recorded: ReadonlyMap<string, RecordedEvent> | undefined;
    try {
      recorded = await this.writer.write([again], async (client) => {
        const present = { id: slot.id, type: slot.type, state: slot.state, version: slot.version };
        await this.reader.bringUpToDate(present, client);
        Object.assign(again, appendTo(slot, present));
        for (const command of commands) {
          for (const reading of command.readings) await this.reader.bringUpToDate(reading, client);
          decideInto(again, guarded(command, slot.id));
        }
      });
    } catch (error) {
      // The slot keeps its old state; the version guards it, and it is read again when next it proves stale.
      if (error instanceof ConnectionLostError) await this.#retry([again], error);
      else if (commands.length > 1) {
        for (const command of commands) await this.#flushUnderLock(append, [command], false);
      } else {
        for (const command of commands) {
          const handled = violated(error)?.constraint === 'commands_once' && (await this.#rejectIfHandled(command));
          if (!handled) command.reject(publicError(error));
        }
      }
    }
    if (recorded !== undefined) {
      if (recorded.size > 0) this.hooks.onFlush(recorded);
      slot.state = again.state;
      slot.version = again.version;
      answer(again, recorded);
    }
    if (last) this.hooks.onDone(append);
  }

  /**
   * The connection was lost, perhaps after the commit. The log itself tells, read under the ordering lock so that a commit
   * that is still under way has ended; what was not written is written again, with the same ids.
   */
  async #retry(batch: readonly Append[], error: ConnectionLostError): Promise<void> {
    this.#mending = true;
    const drafts = batch.flatMap((append) => draftsOf(append).map((draft) => ({ stream: append.slot.id, draft })));
    const ids = drafts.map(({ draft }) => draft.id);
    for (let attempt = 1; attempt <= LOST_TRIES; attempt++) {
      await sleep(attempt === 1 ? 0 : LOST_PAUSE_MS);
      let recorded: ReadonlyMap<string, RecordedEvent>;
      try {
        const written = await this.reader.settled(ids);
        // An id of a caller's making may stand there from before; only an event that is the same in all is this one.
        const ours = drafts.filter(({ stream, draft: { id, version } }) => {
          const event = written.get(id);
          return event?.stream_id === stream && event.version === version;
        });
        const all = ours.length > 0 && ours.length === ids.length;
        // Neither was what it was decided upon, perhaps.
        if (!all && batch.filter((append) => this.hooks.renew(append)).length > 0) return this.#flush(batch);
        recorded = all ? written : await this.writer.write(batch);
      } catch (again) {
        if (!isAway(again)) return this.#recover(batch, again);
        continue;
      }
      return this.#succeed(batch, recorded);
    }
    this.#fail(batch, error);
  }

  #fail(batch: readonly Append[], error: unknown): void {
    for (const append of batch) {
      for (const command of commandsOf(append)) command.reject(error);
      this.hooks.onDone(append);
    }
  }
}

const commandsOf = (append: Append): Command[] => append.decided.map(({ command }) => command);

/** If-Match is checked against the state the command is decided upon, so it must be checked again with a new one. */
export const guarded = (command: Command, streamId: string): Command => {
  const { expectedVersion } = command.options;
  if (expectedVersion === undefined) return command;
  return {
    ...command,
    decide: (state, version, read) => {
      if (!isExpected(version, expectedVersion)) throw new StaleVersionError(streamId, expectedVersion, version);
      return command.decide(state, version, read);
    },
  };
};

/** A unique index of a read table is the last word on what may exist twice; its caller gets to know which. */
const publicError = (error: unknown): unknown => {
  const violation = violated(error);
  return violation === undefined
    ? error
    : new UniqueViolationError(violation.constraint ?? '', violation.table ?? '', { cause: error });
};
