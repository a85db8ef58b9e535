import type { PoolClient } from 'pg';
import type { DomainEvent } from '../decider.ts';
import type { RecordedEvent, UnrecordedEvent } from '../event.ts';
import type { Projection, Replay, States } from '../store.ts';
import { type ReadTable, Rows } from './rows.ts';

/** @typeParam Stamp the column with the time of the last event, if there is one */
export interface TableProjection<
  Row extends object,
  Event extends DomainEvent,
  Stamp extends keyof Row & string = never,
> {
  /** The projection has its name. The key is one column. */
  readonly table: ReadTable<Row>;
  /** Types of events, or `*` patterns of them. */
  readonly types: readonly string[];
  /** The key of the row that an event is about. */
  id(this: void, recorded: RecordedEvent<Event>): string;
  /**
   * The row after the event; null = no row, undefined = unchanged. Pure. Times are a Date, as in the driver. Fields that are
   * not columns are not written, so a row may be built from an event that has more fields.
   */
  evolve(this: void, row: Row | undefined, recorded: RecordedEvent<Event>): Row | null | undefined;
  /**
   * The rows that `evolve` makes, without those before and without position and time of the events: then they are sent together
   * with the events. The time of the column `stamp` is filled in.
   * @param states of the streams after the batch
   * @returns undefined for a batch that needs `evolve`
   */
  ahead?(this: void, batch: readonly UnrecordedEvent<Event>[], states: States): readonly Omit<Row, Stamp>[] | undefined;
  readonly stamp?: Stamp;
}

/**
 * Projects into a read table with one row per aggregate. It works on sets: it reads the rows of a batch's events, folds the
 * events in memory, and writes the rows in one statement, for any number of events. Appending, subscribing and rebuilding use
 * this fold.
 * A lock of the caller prevents two batches from writing a row at the same time: the log's ordering lock if a service
 * projects its own events, the checkpoint's lock if it subscribes (then all events of a row must belong to one subject).
 */
export const tableProjection = <
  Row extends object,
  Event extends DomainEvent,
  Stamp extends keyof Row & string = never,
>(
  options: TableProjection<Row, Event, Stamp>,
): Projection => {
  const { table, types, id, evolve, ahead, stamp } = options;
  const rows = new Rows<Row>(table, stamp);
  return {
    name: table.name,
    types,
    tables: [table.name],
    handle: async (batch, tx) => {
      const events = typed<Event>(batch);
      const before = await rows.select([...new Set(events.map(id))], tx);
      const after = new Map<string, Row | null>();
      fold({ id, evolve }, events, before, after);
      // Removes rows first: a new row may take over a value that a unique index gives to one row only.
      await rows.remove(
        gone(after).filter((row) => before.has(row)),
        tx,
      );
      await rows.upsert(kept(after), tx);
    },
    ...(ahead === undefined ? {} : { writes: aheadOf(ahead, rows, stamp !== undefined) }),
    replay: () => new TableReplay({ id, evolve }, rows),
  };
};

const aheadOf =
  <Row extends object, Event extends DomainEvent, Stamp extends keyof Row & string>(
    ahead: Required<TableProjection<Row, Event, Stamp>>['ahead'],
    rows: Rows<Row>,
    isStamped: boolean,
  ): Projection['writes'] =>
  (batch, states) => {
    const after = ahead(batch as unknown as readonly UnrecordedEvent<Event>[], states);
    // Events that are written together get one time.
    return after && rows.upserting(after as readonly Partial<Row>[], isStamped ? batch[0]?.id : undefined);
  };

/**
 * For `ahead`: rows of streams that begin in the batch. Their ids must be those of the streams, so that there are no rows of
 * them before.
 */
export const rowsOfBeginnings =
  <Row extends object, Event extends DomainEvent>(
    evolve: (row: Row | undefined, event: UnrecordedEvent<Event>) => Row | null | undefined,
  ) =>
  (batch: readonly UnrecordedEvent<Event>[]): readonly Row[] | undefined => {
    const rows = new Map<string, Row | null>();
    for (const event of batch) {
      const { stream_id, version } = event;
      if (version > 1 && !rows.has(stream_id)) return undefined;
      const row = rows.get(stream_id) ?? undefined;
      const evolved = evolve(row, event);
      rows.set(stream_id, evolved === undefined ? (row ?? null) : evolved);
    }
    return kept(rows);
  };

/** Most rows in memory, and most rows in one statement. */
const HELD = 30_000;
const AT_ONCE = 5_000;

/** Projects a whole history into an empty table: it writes rows at the end, or when it holds many, not at each event. */
class TableReplay<Row extends object, Event extends DomainEvent> implements Replay {
  readonly #held = new Map<string, Row | null>();
  #hasWritten = false;

  constructor(
    private readonly options: Pick<TableProjection<Row, Event>, 'id' | 'evolve'>,
    private readonly rows: Rows<Row>,
  ) {}

  async handle(batch: readonly RecordedEvent[], tx: PoolClient): Promise<void> {
    const events = typed<Event>(batch);
    const missing = this.#hasWritten ? events.map(this.options.id).filter((row) => !this.#held.has(row)) : [];
    const before = await this.rows.select([...new Set(missing)], tx);
    fold(this.options, events, before, this.#held);
    if (this.#held.size > HELD) await this.flush(tx);
  }

  /**
   * The held rows are of one moment, so they obey unique indexes. Older versions are removed first, because they could
   * conflict.
   */
  async flush(tx: PoolClient): Promise<void> {
    if (this.#hasWritten) await this.rows.remove([...this.#held.keys()], tx);
    const rows = kept(this.#held);
    for (let n = 0; n < rows.length; n += AT_ONCE) await this.rows.upsert(rows.slice(n, n + AT_ONCE), tx);
    this.#held.clear();
    this.#hasWritten = true;
  }
}

/** Applies events to rows. A row is taken from `after`, or else from `before`; changed rows are put into `after`. */
const fold = <Row extends object, Event extends DomainEvent>(
  { id, evolve }: Pick<TableProjection<Row, Event>, 'id' | 'evolve'>,
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

/** A batch holds the types that the projection asked for. Their data is trusted: deciders wrote it. */
const typed = <Event extends DomainEvent>(batch: readonly RecordedEvent[]): readonly RecordedEvent<Event>[] =>
  batch as unknown as readonly RecordedEvent<Event>[];
