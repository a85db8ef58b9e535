import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { type Leadership, pause, runAsLeader } from '#events/leader';
import type { Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import type { Logger } from '#platform/telemetry/logger';

/** How often it is looked for what is due, in milliseconds: how late its events may be. */
const EVERY_MS = 1_000;
const AT_ONCE = 500;
/** How long what failed is left alone, in milliseconds. */
const AGAIN_MS = 30_000;

/** What is due, as a table tells. */
export interface DueQuery {
  readonly limit: number;
  /** Business time. */
  readonly now: Date;
  /** What has just failed: it must not keep the rest from its turn. */
  readonly except: readonly string[];
}

/**
 * What time brings about. One instance sees to it, whichever leads; what is due stands in a table, so nothing is missed while
 * none runs. After a full helping it is looked again at once.
 */
export abstract class WhenDue implements OnApplicationBootstrap, OnModuleDestroy {
  #leadership: Leadership | undefined;

  /**
   * @param name of the lock that the leader holds; no other work has it
   * @param everyMs how often it is looked, in milliseconds
   */
  constructor(
    private readonly name: string,
    protected readonly database: Pick<ServiceDatabase, 'pool'>,
    private readonly logger: Logger,
    private readonly clock: Clock,
    private readonly everyMs = EVERY_MS,
  ) {}

  /** The ids of what is due, the longest due first. */
  protected abstract due(query: DueQuery): Promise<readonly string[]>;

  /** The column `id` of a statement in which $1 is the time, $2 what is left out, and $3 how many are wanted. */
  protected async ids({ now, except, limit }: DueQuery, name: string, text: string): Promise<readonly string[]> {
    const { rows } = await this.database.pool.query<{ id: string }>({ name, text, values: [now, except, limit] });
    return rows.map(({ id }) => id);
  }

  /** After this an id is not due any more. */
  protected abstract attend(id: string, now: Date): Promise<void>;

  onApplicationBootstrap(): void {
    this.#leadership = runAsLeader(
      this.database.pool,
      `keyledger:licensing:${this.name}`,
      (signal) => this.#run(signal),
      (error) => this.logger.warn({ err: error, work: this.name }, 'it could not be looked for what is due'),
    );
  }

  async onModuleDestroy(): Promise<void> {
    await this.#leadership?.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const failed = new Map<string, number>();
    while (!signal.aborted) {
      const now = this.clock.now();
      for (const [id, at] of failed) if (at + AGAIN_MS <= now.getTime()) failed.delete(id);
      const ids = await this.due({ limit: AT_ONCE, now, except: [...failed.keys()] });
      await Promise.all(
        ids.map(async (id) => {
          try {
            await this.attend(id, now);
          } catch (error) {
            failed.set(id, now.getTime());
            this.logger.warn(
              { err: error, work: this.name, id },
              'what is due could not be done, and will be tried again',
            );
          }
        }),
      );
      if (ids.length < AT_ONCE) await pause(this.everyMs, signal);
    }
  }
}
