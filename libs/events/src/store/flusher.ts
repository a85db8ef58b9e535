import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedEvent } from '../event.ts';
import { HandledBeforeError, isExpected, StaleVersionError, UniqueViolationError } from '../store.ts';
import { type Append, answer, appendTo, type Command, decideInto, draftsOf, readingsOf, remembers } from './append.ts';
import { isAway } from './away.ts';
import type { LogReader } from './read.ts';
import { ConnectionLostError } from './line.ts';
import { violated, type Writer } from './writer.ts';

/** How often, and after which pauses, a flush with a lost connection is retried before its callers get an error. */
const LOST_TRIES = 20;
const LOST_PAUSE_MS = 250;

export interface FlusherHooks {
  /** Called when an append has been answered or has failed. */
  onDone(append: Append): void;
  /** Decides an append again if the state that it was decided on was not committed. @returns whether it did */
  renew(append: Append): boolean;
  onFlush(recorded: ReadonlyMap<string, RecordedEvent>): void;
  onConflict(): void;
  recall(commandId: string): Promise<{ fingerprint: string; result: Uint8Array } | undefined>;
}

/** Writes batches of appends and answers them: all together, or individually if the whole batch cannot be written. */
export class Flusher {
  /** True after a batch has failed and is written in parts: its outcome is not known yet. */
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

  /** Writes a batch behind the one that is being written, if that one is written as decided; otherwise by itself. */
  async follow(batch: readonly Append[], before: Promise<void>): Promise<void> {
    let recorded: ReadonlyMap<string, RecordedEvent> | undefined;
    let lost: ConnectionLostError | undefined;
    try {
      // An append without changes writes nothing, so a wrong base state would not be noticed.
      if (batch.every((append) => draftsOf(append).length > 0)) recorded = await this.writer.writeBehind(batch);
    } catch (error) {
      // Any other error occurs again when the batch is written by itself, unless the previous batch caused it.
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
   * Refusals and commands without changes insert nothing, so no unique index detects that they were decided on a stale state.
   * A read of the log detects it: no command is refused because of a state that another process has already changed.
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
   * Handles a batch that was not written, or whose outcome is unknown. Streams that another process wrote to are decided
   * again under the ordering lock, where no second conflict can happen. If there are none, each append is written by itself,
   * so that only the bad one fails.
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

  /** Handles a failed read of the log. */
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

  /** Handles a single append that was refused: by a stored command id, by a unique index, or for another reason. */
  async #refuse(append: Append, error: unknown): Promise<void> {
    const commands = commandsOf(append);
    if (violated(error)?.constraint === 'commands_once') {
      const open: Command[] = [];
      for (const command of commands) if (!(await this.#rejectIfHandled(command))) open.push(command);
      if (open.length < commands.length) return this.#flushUnderLock(append, open);
    }
    if (commands.length > 1) {
      // Writes each command of the stream by itself, so that one that cannot be written does not fail the others.
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

  /** Reads what others wrote, decides again and writes, under a lock that blocks all other writers. */
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
      // The slot keeps its old state. The version guards it: it is read again when it is next found stale.
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
   * Handles a lost connection, which may have been lost after the commit. Reads the log under the ordering lock, so that a
   * running commit has ended. Events that were not written are written again, with the same ids.
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
        // An id chosen by a caller may have existed before; only an event that is equal in all fields is the one of this
        // append.
        const ours = drafts.filter(({ stream, draft: { id, version } }) => {
          const event = written.get(id);
          return event?.stream_id === stream && event.version === version;
        });
        const all = ours.length > 0 && ours.length === ids.length;
        // The state that it was decided on may not have been written either.
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

/** Checks If-Match again: it is checked against the state that the command is decided on, and that state is new. */
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

/** A unique index of a read table finally decides about duplicates; the error names the index for the caller. */
const publicError = (error: unknown): unknown => {
  const violation = violated(error);
  return violation === undefined
    ? error
    : new UniqueViolationError(violation.constraint ?? '', violation.table ?? '', { cause: error });
};
