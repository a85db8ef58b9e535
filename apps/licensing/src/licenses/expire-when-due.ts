import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type Leadership, pause, runAsLeader } from '#events';
import { DATABASE, LOGGER, type Logger, type ServiceDatabase } from '#platform';
import { Licenses } from './licenses.ts';

/** How often due licences are looked for, in milliseconds: how late their events may be. */
const EVERY_MS = 1_000;
const AT_ONCE = 500;

/** Ends terms and graces at their time. One instance does; what is due stands in the table, so nothing is missed while none runs. */
@Injectable()
export class ExpireWhenDue implements OnApplicationBootstrap, OnModuleDestroy {
  #leadership: Leadership | undefined;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly licenses: Licenses,
  ) {}

  onApplicationBootstrap(): void {
    this.#leadership = runAsLeader(
      this.database.pool,
      'keyledger:licensing:expire-when-due',
      (signal) => this.#run(signal),
      (error) => this.logger.warn({ err: error }, 'licences could not be looked through for expiry'),
    );
  }

  async onModuleDestroy(): Promise<void> {
    await this.#leadership?.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = await this.#due();
      await Promise.all(due.map((id) => this.#letTimePass(id)));
      if (due.length < AT_ONCE) await pause(EVERY_MS, signal);
    }
  }

  async #due(): Promise<string[]> {
    const { rows } = await this.database.pool.query<{ id: string }>({
      name: 'due_licenses',
      text: 'select id from licenses where due_at <= now() order by due_at limit $1',
      values: [AT_ONCE],
    });
    return rows.map(({ id }) => id);
  }

  async #letTimePass(id: string): Promise<void> {
    try {
      await this.licenses.handle(id, (plan) => ({ type: 'LetTimePass', plan, now: new Date().toISOString() }), {
        metadata: { actor: { type: 'system', id: 'scheduler' }, correlation_id: id },
      });
    } catch (error) {
      // One licence that cannot be brought up to date must not keep the others from it; it is tried again in a second.
      this.logger.warn({ err: error, license_id: id }, 'a licence could not be brought up to date');
    }
  }
}
