import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { realTime } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';

/** How often uses in memory are written to the database, in milliseconds. */
const WRITE_EVERY_MS = 5_000;

interface Use {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly ip: string;
}

/** Time and address of the last use of each API key. Uses are collected in memory and written together every five seconds. */
@Injectable()
export class ApiKeyUses implements OnApplicationBootstrap, OnModuleDestroy {
  #noted = new Map<string, Use>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  note(apiKeyId: string, ip: string): void {
    this.#noted.set(apiKeyId, { at: realTime(), ip });
  }

  /** The last use of a key that this process has in memory and not written yet; `at` as RFC 3339. */
  noted(apiKeyId: string): { at: string; ip: string } | undefined {
    const use = this.#noted.get(apiKeyId);
    return use && { at: new Date(use.at).toISOString(), ip: use.ip };
  }

  /** Writes the uses in memory. */
  write(): Promise<void> {
    return (this.#writing = this.#writing.then(() => this.#write()));
  }

  async #write(): Promise<void> {
    const noted = this.#noted;
    if (noted.size === 0) return;
    this.#noted = new Map();
    try {
      await this.database.pool.query({
        name: 'api-key-uses',
        text: `
          insert into api_key_uses as u (api_key_id, last_used, last_used_ip)
          select id, to_timestamp(at / 1000), ip
          from unnest($1::text[], $2::float8[], $3::text[]) as noted (id, at, ip)
          order by id -- one order of locking for all instances
          on conflict (api_key_id) do update set last_used = excluded.last_used, last_used_ip = excluded.last_used_ip
          where u.last_used < excluded.last_used`,
        values: [[...noted.keys()], [...noted.values()].map(({ at }) => at), [...noted.values()].map(({ ip }) => ip)],
      });
    } catch (error) {
      // Keeps the uses for the next write; later uses of the same keys win.
      this.#noted = new Map([...noted, ...this.#noted]);
      this.logger.warn({ err: error }, 'the last uses of API keys could not be written, and will be written later');
    }
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.write(), WRITE_EVERY_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
  }
}
