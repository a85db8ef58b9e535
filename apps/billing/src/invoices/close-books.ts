import { Inject, Injectable } from '@nestjs/common';
import { booksKey } from '#domain/billing/invoice/invoice';
import type { EventStore } from '#events/store';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';

/** No invoice is older. */
const FIRST_YEAR = 1990;

/**
 * Deletes the accounting key of a year once that year is over: the buyers of all invoices whose retention ended with it are gone.
 * Their numbers, lines, taxes and totals stay. Years end in UTC.
 */
@Injectable()
export class CloseBooks extends BackgroundWork {
  readonly name = 'close-books';

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {
    super();
  }

  /** Ids are those of keys. All names that a key can have are looked up: a search for a pattern would read every key. */
  async due({ now, except, limit }: DueQuery): Promise<readonly Due[]> {
    const years = Array.from({ length: now.getUTCFullYear() - FIRST_YEAR }, (_, n) => FIRST_YEAR + n);
    const { rows } = await this.database.pool.query<{ id: string }>({
      name: 'books_to_close',
      text: `select person_id as id from person_keys
        where person_id = any($1) and person_id <> all($2) order by person_id limit $3`,
      values: [years.map(booksKey), except, limit],
    });
    return rows.map(({ id }) => ({ id, due_at: endOf(id) }));
  }

  async attend(key: string): Promise<void> {
    await this.store.forgetPerson(key);
  }
}

/** The end of the year of a key. */
const endOf = (key: string): Date => new Date(Date.UTC(Number(key.slice(-4)) + 1, 0));
