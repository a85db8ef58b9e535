import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { VerificationCode } from '#domain/licensing/license/verify';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';

export interface Validation {
  readonly at: number;
  readonly code: VerificationCode;
  readonly license_id: string | null;
  readonly product_id: string | null;
  readonly fingerprint_hash: string | null;
  readonly ip: string;
  readonly user_agent: string | null;
}

/**
 * How long a validation may wait to be written, in milliseconds. A crash loses at most this much of the log, and no other data.
 */
const FLUSH_MS = 200;
/** Rows per statement. This many waiting rows also start a flush early. */
const FLUSH_ROWS = 2_000;
/** Resolution of the times of last use, in milliseconds: they are written at most once per device in this time. */
const USE_MS = 60_000;
/** Rows that may wait while the database is unavailable. Above this number the oldest rows are dropped. */
const MOST_WAITING = 100_000;
const USER_AGENT = 255;

/** Logs each verification: license, device, time and outcome. Verification never waits for the log. */
@Injectable()
export class ValidationLog implements OnApplicationShutdown {
  #waiting: Validation[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  readonly #noted = new LRUCache<string, number>({ max: 50_000 });

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  add(validation: Validation): void {
    this.#waiting.push(validation);
    if (this.#waiting.length >= FLUSH_ROWS && this.#waiting.length % FLUSH_ROWS === 0) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }

  /** Writes the waiting rows. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#write());
    return this.#flushing;
  }

  onApplicationShutdown(): Promise<void> {
    return this.flush();
  }

  async #write(): Promise<void> {
    const rows = this.#waiting.splice(0, FLUSH_ROWS);
    if (rows.length === 0) return;
    try {
      await this.#insert(rows);
    } catch (error) {
      this.logger.warn({ err: error, rows: rows.length }, 'the validation log could not be written');
      this.#waiting = [...rows, ...this.#waiting].slice(-MOST_WAITING);
      this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS * 10);
      return;
    }
    if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }

  async #insert(rows: readonly Validation[]): Promise<void> {
    await this.database.pool.query({
      name: 'log_validations',
      text: `insert into validations (at, code, result, license_id, product_id, fingerprint_hash, ip, user_agent)
        select to_timestamp(at / 1000.0), code, result, license_id, product_id, fingerprint_hash, ip, user_agent
        from unnest($1::float8[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
          as v(at, code, result, license_id, product_id, fingerprint_hash, ip, user_agent)`,
      values: [
        rows.map(({ at }) => at),
        rows.map(({ code }) => code),
        rows.map(({ code }) => RESULTS[code] ?? 'refused'),
        rows.map(({ license_id }) => license_id),
        rows.map(({ product_id }) => product_id),
        rows.map(({ fingerprint_hash }) => fingerprint_hash),
        rows.map(({ ip }) => ip),
        rows.map(({ user_agent }) => user_agent?.slice(0, USER_AGENT) ?? null),
      ],
    });
    await this.#noteUses(rows);
  }

  /** Records when each device was last found valid. */
  async #noteUses(rows: readonly Validation[]): Promise<void> {
    const uses = new Map<string, Validation>();
    for (const row of rows) {
      if (RESULTS[row.code] !== 'ok' || row.license_id === null || row.fingerprint_hash === null) continue;
      const key = `${row.license_id} ${row.fingerprint_hash}`;
      if (row.at - (this.#noted.get(key) ?? 0) < USE_MS) continue;
      this.#noted.set(key, row.at);
      uses.set(key, row);
    }
    if (uses.size === 0) return;
    const noted = [...uses.values()];
    await this.database.pool.query({
      name: 'note_uses',
      text: `insert into activation_uses as u (license_id, identifier_hash, last_verified)
        select license_id, identifier_hash, to_timestamp(at / 1000.0)
        from unnest($1::text[], $2::text[], $3::float8[]) as v(license_id, identifier_hash, at) order by 1, 2
        on conflict (license_id, identifier_hash) do update set last_verified = greatest(u.last_verified, excluded.last_verified)`,
      values: [
        noted.map(({ license_id }) => license_id),
        noted.map(({ fingerprint_hash }) => fingerprint_hash),
        noted.map(({ at }) => at),
      ],
    });
  }
}

/** The coarse result for each verification code. */
const RESULTS: Partial<Record<VerificationCode, string>> = {
  VALID: 'ok',
  PAST_DUE_GRACE: 'ok',
  NOT_FOUND: 'not_found',
  BAD_SIGNATURE: 'bad_signature',
  REVOKED: 'revoked',
  PRODUCT_MISMATCH: 'product_mismatch',
  FINGERPRINT_MISMATCH: 'fingerprint_mismatch',
};
