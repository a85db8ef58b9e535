import type { PoolClient } from 'pg';
import type { DomainEvent } from '../decider.ts';
import type { RecordedEvent } from '../event.ts';
import type { Projection, Replay } from '../store.ts';
import { Rows } from './rows.ts';

export interface TableProjection<Row extends object, Event extends DomainEvent> {
  readonly name: string;
  readonly table: string;
  readonly key: keyof Row & string;
  /** Every column that the projection writes, with its PostgreSQL type. */
  readonly columns: Readonly<Record<keyof Row & string, string>>;
  readonly types: readonly string[];
  /** The key of the row that an event is about. */
  id(this: void, recorded: RecordedEvent<Event>): string;
  /**
   * The row after the event; null = no row, undefined = as it was. Pure. Times come and go as the driver gives them (Date).
   */
  evolve(this: void, row: Row | undefined, recorded: RecordedEvent<Event>): Row | null | undefined;
}

/**
 * A read table with a row an aggregate, projected as a set: the touched rows are read, folded in memory and put back in one
 * statement, whatever the number of events. The same fold serves appending, subscribing and rebuilding.
 *
 * What keeps two batches from writing one row at once is the caller's lock: the log's ordering lock where a service projects
 * its own events, a checkpoint's where it subscribes (then all events of a row must be of one subject).
 */
export const tableProjection = <Row extends object, Event extends DomainEvent>(
  options: TableProjection<Row, Event>,
): Projection => {
  const { name, table, key, columns, types, id } = options;
  const rows = new Rows<Row>(table, key, columns);
  return {
    name,
    types,
    tables: [table],
    handle: async (batch, tx) => {
      const events = typed<Event>(batch);
      const before = await rows.select([...new Set(events.map(id))], tx);
      const after = new Map<string, Row | null>();
      fold(options, events, before, after);
      // First what goes: it may hold what a unique index gives to one row only.
      await rows.remove(
        gone(after).filter((row) => before.has(row)),
        tx,
      );
      await rows.upsert(kept(after), tx);
    },
    replay: () => new TableReplay(options, rows),
  };
};

/** Rows held in memory at most, and rows a statement. */
const HELD = 30_000;
const AT_ONCE = 5_000;

/**
 * A projection of a whole history into an empty table: a row is written when it stands as it will, or when memory is full,
 * not at each of its events.
 */
class TableReplay<Row extends object, Event extends DomainEvent> implements Replay {
  readonly #held = new Map<string, Row | null>();
  #hasWritten = false;

  constructor(
    private readonly options: TableProjection<Row, Event>,
    private readonly rows: Rows<Row>,
  ) {}

  async handle(batch: readonly RecordedEvent[], tx: PoolClient): Promise<void> {
    const events = typed<Event>(batch);
    const missing = this.#hasWritten ? events.map(this.options.id).filter((row) => !this.#held.has(row)) : [];
    const before = await this.rows.select([...new Set(missing)], tx);
    fold(this.options, events, before, this.#held);
    if (this.#held.size > HELD) await this.flush(tx);
  }

  /** The rows are those of one moment, and so keep what is unique: once none of the older ones is left, all fit in. */
  async flush(tx: PoolClient): Promise<void> {
    if (this.#hasWritten) await this.rows.remove([...this.#held.keys()], tx);
    const rows = kept(this.#held);
    for (let n = 0; n < rows.length; n += AT_ONCE) await this.rows.upsert(rows.slice(n, n + AT_ONCE), tx);
    this.#held.clear();
    this.#hasWritten = true;
  }
}

/** Brings `after`, the rows that have changed, from where it or else `before` stands to where the events lead. */
const fold = <Row extends object, Event extends DomainEvent>(
  { id, evolve }: TableProjection<Row, Event>,
  events: readonly RecordedEvent<Event>[],
  before: ReadonlyMap<string, Row>,
  after: Map<string, Row | null>,
): void => {
  for (const recorded of events) {
    const row = id(recorded);
    const known = after.has(row) ? after.get(row) : before.get(row);
    const evolved = evolve(known ?? undefined, recorded);
    if (evolved !== undefined && evolved !== known) after.set(row, evolved);
  }
};

const kept = <Row>(rows: ReadonlyMap<string, Row | null>): Row[] => [...rows.values()].filter((row) => row !== null);

const gone = (rows: ReadonlyMap<string, unknown>): string[] =>
  [...rows].flatMap(([key, row]) => (row === null ? [key] : []));

/** The projection's types are what it asked for; the log is trusted to hold what their writers' types allow. */
const typed = <Event extends DomainEvent>(batch: readonly RecordedEvent[]): readonly RecordedEvent<Event>[] =>
  batch as unknown as readonly RecordedEvent<Event>[];
