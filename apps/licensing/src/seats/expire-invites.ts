import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type Leadership, pause, runAsLeader } from '#events';
import { DATABASE, LOGGER, type Logger, type ServiceDatabase } from '#platform';
import { Seats } from './seats.ts';

/** How often invitations are looked for, in milliseconds. Only their events wait for it: time itself ends them on the dot. */
const EVERY_MS = 1_000;
const AT_ONCE = 500;

/** Writes down that invitations have expired. One instance does. */
@Injectable()
export class ExpireInvites implements OnApplicationBootstrap, OnModuleDestroy {
  #leadership: Leadership | undefined;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly seats: Seats,
  ) {}

  onApplicationBootstrap(): void {
    this.#leadership = runAsLeader(
      this.database.pool,
      'keyledger:licensing:expire-invites',
      (signal) => this.#run(signal),
      (error) => this.logger.warn({ err: error }, 'invitations could not be looked through for expiry'),
    );
  }

  async onModuleDestroy(): Promise<void> {
    await this.#leadership?.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = await this.#due();
      await Promise.all(due.map((license_id) => this.#expire(license_id)));
      await pause(EVERY_MS, signal);
    }
  }

  /** Licences that have invitations whose time has come. */
  async #due(): Promise<string[]> {
    const { rows } = await this.database.pool.query<{ license_id: string }>({
      name: 'due_invites',
      text: `select distinct license_id from (
          select license_id from seats where status = 'invited' and expires_at <= $2 order by expires_at limit $1
        ) due`,
      // By the clock that decides, which is this process's.
      values: [AT_ONCE, new Date()],
    });
    return rows.map(({ license_id }) => license_id);
  }

  async #expire(license_id: string): Promise<void> {
    try {
      await this.seats.expire(license_id);
    } catch (error) {
      this.logger.warn({ err: error, license_id }, 'the invitations of a licence could not be ended');
    }
  }
}
