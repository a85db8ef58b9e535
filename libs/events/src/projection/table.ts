import { escapeIdentifier, type PoolClient } from 'pg';
import type { DomainEvent } from '../decider.ts';
import type { RecordedEvent } from '../event.ts';
import type { Projection } from '../store.ts';

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
 * statement, whatever the number of events. The same function serves appending, subscribing and rebuilding.
 *
 * What keeps two batches from writing one row at once is the caller's lock: the log's ordering lock where a service projects
 * its own events, a checkpoint's where it subscribes (then all events of a row must be of one subject).
 */
export const tableProjection = <Row extends object, Event extends DomainEvent>(
  options: TableProjection<Row, Event>,
): Projection => {
  const { name, table, key, columns, types, id, evolve } = options;
  const names = Object.keys(columns) as (keyof Row & string)[];
  const sql = statements(table, key, columns);

  const handle = async (batch: readonly RecordedEvent[], tx: PoolClient): Promise<void> => {
    // The projection's types are what it asked for; the log is trusted to hold what their writers' types allow.
    const events = batch as unknown as readonly RecordedEvent<Event>[];
    const touched = [...new Set(events.map(id))];
    const found = await tx.query<Row>({ name: `select_${name}`, text: sql.select, values: [touched] });
    const before = new Map(found.rows.map((row) => [String(row[key]), row]));
    const after = new Map<string, Row | null>();
    for (const recorded of events) {
      const row = id(recorded);
      const known = after.has(row) ? after.get(row) : before.get(row);
      const evolved = evolve(known ?? undefined, recorded);
      if (evolved !== undefined && evolved !== known) after.set(row, evolved);
    }
    const gone = [...after].flatMap(([row, value]) => (value === null && before.has(row) ? [row] : []));
    const kept = [...after.values()].filter((row) => row !== null);
    // First what goes: it may hold what a unique index gives to one row only.
    if (gone.length > 0) await tx.query({ name: `delete_${name}`, text: sql.remove, values: [gone] });
    if (kept.length === 0) return;
    await tx.query({
      name: `upsert_${name}`,
      text: sql.upsert,
      values: names.map((column) => kept.map((row) => encode(columns[column], row[column]))),
    });
  };

  return { name, types, tables: [table], handle };
};

const statements = (
  table: string,
  key: string,
  columns: Readonly<Record<string, string>>,
): Readonly<Record<'select' | 'upsert' | 'remove', string>> => {
  const name = escapeIdentifier(table);
  const id = escapeIdentifier(key);
  const all = Object.entries(columns).map(([column, type]) => ({ column: escapeIdentifier(column), type }));
  const list = all.map(({ column }) => column).join(', ');
  const parameters = all.map(({ type }, n) => `$${n + 1}::${carrier(type)}[]`).join(', ');
  const values = all.map(({ column, type }) => (carrier(type) === type ? `r.${column}` : `r.${column}::${type}`));
  const updates = all.filter(({ column }) => column !== id).map(({ column }) => `${column} = excluded.${column}`);
  return {
    select: `select ${list} from ${name} where ${id} = any($1::${columns[key]}[])`,
    upsert: `insert into ${name} (${list}) select ${values.join(', ')} from unnest(${parameters}) as r(${list})
      on conflict (${id}) do ${updates.length === 0 ? 'nothing' : `update set ${updates.join(', ')}`}`,
    remove: `delete from ${name} where ${id} = any($1::${columns[key]}[])`,
  };
};

/** jsonb and arrays travel as text: an array parameter of arrays would have to be rectangular. */
const carrier = (type: string): string => (type === 'jsonb' || type.endsWith('[]') ? 'text' : type);

const encode = (type: string, value: unknown): unknown => {
  if (value === null || value === undefined) return null;
  if (type === 'jsonb') return JSON.stringify(value);
  return type.endsWith('[]') && Array.isArray(value) ? arrayLiteral(value) : value;
};

const arrayLiteral = (items: readonly unknown[]): string =>
  `{${items.map((item) => (item === null ? 'null' : quoted(item as string | number | boolean))).join(',')}}`;

const quoted = (item: string | number | boolean): string =>
  `"${String(item).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
