import type { Consumer } from 'kafkajs';

/** How often offsets are committed, in milliseconds. */
const COMMIT_MS = 1_000;

/**
 * Commits the offset at which a consumer group starts next time. The checkpoint decides which events have had their effect,
 * so a late or lost offset only means that some events are read again and skipped. Committing each offset would cost one
 * request to the broker per batch.
 */
export class LazyOffsets {
  readonly #due = new Map<number, string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly consumer: Consumer,
    private readonly topic: string,
  ) {}

  /** Sets the offset behind which the group starts. */
  passed(partition: number, offset: string): void {
    this.#due.set(partition, String(BigInt(offset) + 1n));
    this.#timer ??= setTimeout(() => {
      // If a commit fails, the next one covers it: during a rebalance no consumer can commit.
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

  /** Cancels the pending commit. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
