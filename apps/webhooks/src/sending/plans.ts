import type { Claimed } from './claimed.ts';
import { PARTITION_DAYS } from '../history/history.table.ts';

/** Deliveries of a week from which on PostgreSQL tells it from an empty one. */
const GROWN = 1_000;

/** How a statement is to be run: `once` = its plan is kept, under this name. */
export interface Plan {
  readonly name: string;
  readonly once: boolean;
}

/**
 * Whether what is done with this week's deliveries may be planned once for all. While a week is empty one way to its rows costs as
 * much as another, and a plan that reads all of them would be kept when they are many. So at first each statement is planned
 * anew, and once when the week has grown; the next week has a plan of its own.
 */
export class Plans {
  #week = -1;
  #done = 0;

  /** So many of these have been seen to. */
  count(deliveries: readonly Pick<Claimed, 'day'>[]): void {
    const week = Math.floor(Math.max(...deliveries.map(({ day }) => day)) / PARTITION_DAYS);
    if (week > this.#week) this.#done = 0;
    this.#week = Math.max(week, this.#week);
    this.#done += deliveries.length;
  }

  of(statement: string): Plan {
    const once = this.#done >= GROWN;
    return { name: once ? `${statement}_${this.#week}` : statement, once };
  }
}
