import type { KeyValueStorage } from '../storage.ts';
import { type Usage, usageOf } from './record.ts';

/** A record with its storage key. */
export interface Kept {
  readonly key: string;
  readonly usage: Usage;
}

const PREFIX = 'usage-';

/** Limits of one call; the server accepts 1,000 records and bodies of 1 MiB. */
const BATCH = 500;
const BATCH_BYTES = 500_000;

/** Records that the server has not confirmed, oldest first. One storage key each, so several processes may add and send at once. */
export class Backlog {
  #last = 0;

  constructor(private readonly storage: KeyValueStorage) {}

  async add(usage: Usage, now: number): Promise<void> {
    // Keeps the order of records of the same millisecond.
    this.#last = Math.max(now, this.#last + 1);
    const key = `${PREFIX}${this.#last.toString(36).padStart(9, '0')}-${usage.idempotency_key}`;
    await this.storage.set(key, JSON.stringify(usage));
  }

  keys(): Promise<readonly string[]> {
    return this.storage.keys(PREFIX);
  }

  async remove(records: readonly Kept[]): Promise<void> {
    for (const { key } of records) await this.storage.delete(key);
  }

  /**
   * The oldest records of one license key that fit into one call. Deletes damaged records.
   * @param waiting license keys whose records are skipped
   */
  async batch(waiting: ReadonlySet<string>): Promise<readonly Kept[]> {
    const batch: Kept[] = [];
    let bytes = 0;
    for (const key of await this.keys()) {
      const text = await this.storage.get(key);
      const usage = text === undefined ? undefined : usageOf(text);
      if (usage === undefined) {
        // Either another process has just sent the record, or it is damaged and cannot be sent.
        await this.storage.delete(key);
        continue;
      }
      if (waiting.has(usage.license_key)) continue;
      if (usage.license_key !== (batch[0]?.usage.license_key ?? usage.license_key)) continue;
      bytes += (text?.length ?? 0) * 2;
      if (batch.length > 0 && bytes > BATCH_BYTES) break;
      batch.push({ key, usage });
      if (batch.length === BATCH) break;
    }
    return batch;
  }
}
