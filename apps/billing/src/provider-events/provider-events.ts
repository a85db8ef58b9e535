import { Inject, Injectable } from '@nestjs/common';
import type { ClientBase, Pool } from 'pg';
import { wakeWork } from '#platform/background/wake-work';
import type { ServiceDatabase } from '#platform/database/database';
import { newestFirst } from '#platform/database/newest-first';
import { Problem } from '#platform/http/problem';
import { DATABASE } from '#platform/service';
import { type ProviderEventRow, providerEventsTable, type ProviderEventStatus } from './provider-event.table.ts';
import { APPLY_PROVIDER_EVENTS, TRIED_DAYS } from './trying.ts';

/** An event without its body. */
export type ListedEvent = Omit<ProviderEventRow, 'payload'>;

const LISTED = Object.keys(providerEventsTable.columns).filter((column) => column !== 'payload');

/** Events that payment providers sent, and what became of them. */
@Injectable()
export class ProviderEvents {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** Events, newest first, before an id. */
  list(
    { provider, status }: { readonly provider?: string; readonly status?: ProviderEventStatus },
    before: string | undefined,
    limit: number,
  ): Promise<readonly ListedEvent[]> {
    const query = newestFirst(this.database.orm, providerEventsTable, before, limit);
    query.select(LISTED.map((column) => `provider_events.${column}`));
    if (provider !== undefined) query.andWhere({ provider });
    if (status !== undefined) query.andWhere({ status });
    return query.getMany();
  }

  /**
   * Has an event applied now, whatever became of it before, and tried for as long as a new one.
   * @throws Problem PROVIDER_EVENT_NOT_FOUND, PROVIDER_EVENT_FOREIGN
   */
  async retry(id: string): Promise<ListedEvent> {
    const { pool, schema } = this.database;
    const { rows } = await pool.query<ListedEvent>({
      name: 'retry_provider_event',
      text: `update provider_events set status = 'received', attempts = 0, last_error = null, effect = '[]', waits_for = null,
          applied_at = null, next_attempt_at = now(), give_up_at = now() + make_interval(days => $2::int)
        where id = $1 and reason is null returning ${LISTED.join(', ')}`,
      values: [id, TRIED_DAYS],
    });
    if (rows[0] === undefined) throw await this.#notTried(id);
    await wakeWork(pool, schema, APPLY_PROVIDER_EVENTS);
    return rows[0];
  }

  /**
   * Has events tried again that wait for something, because it is there now.
   * @param what as an observer named it
   * @param tx the transaction in which it appears, or the pool after that has committed
   */
  async appeared(provider: string, what: string, tx: ClientBase | Pool): Promise<void> {
    const { rowCount } = await tx.query({
      name: 'provider_events_wait_no_more',
      text: `update provider_events set next_attempt_at = now()
        where provider = $1 and waits_for = $2 and status = 'waiting'`,
      values: [provider, what],
    });
    if (rowCount !== 0) await wakeWork(tx, this.database.schema, APPLY_PROVIDER_EVENTS);
  }

  /** When the last event of each of these providers came first; null = none has come. */
  async lastOf(providers: readonly string[]): Promise<readonly { provider: string; last_event_at: Date | null }[]> {
    const { rows } = await this.database.pool.query<{ provider: string; last_event_at: Date | null }>({
      name: 'last_provider_events',
      text: `select provider, (
          select received_at from provider_events e where e.provider = p.provider order by id desc limit 1
        ) as last_event_at from unnest($1::text[]) as p (provider)`,
      values: [providers],
    });
    return rows;
  }

  async #notTried(id: string): Promise<Problem> {
    const { rows } = await this.database.pool.query({
      name: 'provider_event_known',
      text: 'select from provider_events where id = $1',
      values: [id],
    });
    if (rows.length === 0) return new Problem(404, 'PROVIDER_EVENT_NOT_FOUND', 'There is no such event of a provider.');
    return new Problem(409, 'PROVIDER_EVENT_FOREIGN', 'The event is not of our account, or not of our kind of data.');
  }
}
