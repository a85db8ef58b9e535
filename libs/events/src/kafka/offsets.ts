import type { Consumer } from 'kafkajs';

/** How often offsets are committed, in milliseconds. */
const COMMIT_MS = 1_000;

/**
 * Where a consumer group is to begin the next time. What has had its effect is for the checkpoint to know, so an offset that
 * is late, or lost with its consumer, costs nothing but reading again what is then skipped; committing each would cost a
 * request to the broker a batch.
 */
export class LazyOffsets {
  readonly #due = new Map<number, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly consumer: Consumer,
    private readonly topic: string,
  ) {}

  /** The group is to begin behind this offset. */
  passed(partition: number, offset: string): void {
    this.#due.set(partition, String(BigInt(offset) + 1n));
    this.#timer ??= setTimeout(() => {
      // Not now, then the next time: while the group forms anew nobody may commit.
      this.commit().catch(() => undefined);
    }, COMMIT_MS);
  }

  async commit(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const offsets = [...this.#due].map(([partition, offset]) => ({ topic: this.topic, partition, offset }));
    if (offsets.length === 0) return;
    await this.consumer.commitOffsets(offsets);
    for (const { partition, offset } of offsets) if (this.#due.get(partition) === offset) this.#due.delete(partition);
  }

  /** For whoever has no use for the rest. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
