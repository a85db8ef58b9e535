import { LRUCache } from 'lru-cache';
import type { DomainEvent, StreamType } from '../decider.ts';
import type { Append, Slot } from './append.ts';

/**
 * The streams with states in memory: all streams that are being written to, and of the idle ones as many as there is room
 * for.
 */
export class Slots {
  readonly #busy = new Map<string, Slot>();
  readonly #idle: LRUCache<string, Slot>;
  /** Streams that are being read from the log: concurrent callers share the same read. */
  readonly #loading = new Map<string, Promise<Slot>>();
  /** Versions that other processes have written, of streams that are being read or written here at the moment. */
  readonly #grown = new Map<string, number>();
  #forgettings = 0;

  /** @param bringUp reads a stream into its empty slot */
  constructor(
    room: number,
    private readonly bringUp: (slot: Slot) => Promise<Slot>,
  ) {
    this.#idle = new LRUCache({ max: room });
  }

  get(streamId: string): Slot | undefined {
    return this.#busy.get(streamId) ?? this.#idle.get(streamId);
  }

  /** A slot of a stream without events. */
  empty(type: StreamType<unknown, DomainEvent>, id: string): Slot {
    return { id, forgettings: this.#forgettings, type, state: type.initialState, version: 0, appends: [] };
  }

  read(type: StreamType<unknown, DomainEvent>, streamId: string): Promise<Slot> {
    let reading = this.#loading.get(streamId);
    if (reading === undefined) {
      reading = this.bringUp(this.empty(type, streamId))
        .finally(() => this.#loading.delete(streamId))
        .then((slot) => {
          if (!this.#busy.has(streamId)) this.#rest(slot);
          return slot;
        });
      this.#loading.set(streamId, reading);
    }
    return reading;
  }

  begin(append: Append): void {
    const { slot } = append;
    slot.appends.push(append);
    this.#busy.set(slot.id, slot);
  }

  /** The append is finished; if it was the last of its slot, the stream becomes idle. */
  done(append: Append): void {
    const { slot } = append;
    const at = slot.appends.indexOf(append);
    if (at === -1) return;
    slot.appends.splice(at, 1);
    if (slot.appends.length > 0) return;
    this.#busy.delete(slot.id);
    this.#rest(slot);
  }

  /** Other processes have written. */
  evictOlder(heads: readonly { stream_id: string; version: number }[]): void {
    for (const { stream_id, version } of heads) {
      if (this.#busy.has(stream_id) || this.#loading.has(stream_id)) this.#grown.set(stream_id, version);
      const slot = this.#idle.peek(stream_id);
      if (slot !== undefined && slot.version < version) this.#idle.delete(stream_id);
    }
  }

  /**
   * A person was forgotten, or may have been. It is not known which states hold personal data, and reading again is cheap.
   */
  evictAll(): void {
    this.#forgettings += 1;
    this.#idle.clear();
  }

  /** Keeps a state in memory, unless it has become stale meanwhile. */
  #rest(slot: Slot): void {
    const head = this.#grown.get(slot.id) ?? 0;
    this.#grown.delete(slot.id);
    // Streams that do not exist are not kept: requests for random ids must not evict real states.
    const kept = slot.version > 0 && slot.version >= head && slot.forgettings === this.#forgettings;
    if (kept) this.#idle.set(slot.id, slot);
  }
}
