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
  /** The row after the event; null = no row. Pure. Times in the row come and go as the driver gives them (Date). */
  evolve(this: void, row: Row | undefined, recorded: RecordedEvent<Event>): Row | null | undefined;
}

/**
 * A read table with a row an aggregate, projected as a set: the touched rows are read, folded in memory and put back in one
 * statement, whatever the number of events. The same function serves appending, subscribing and rebuilding.
 */
export const tableProjection = <Row extends object, Event extends DomainEvent>(
  options: TableProjection<Row, Event>,
): Projection => {
  const { name, table, key, columns, types, id, evolve } = options;
  const names = Object.keys(columns) as (keyof Row & string)[];
  const list = names.map(escapeIdentifier).join(', ');
  const keyType = columns[key];
  const text = (type: string): string => (type === 'jsonb' || type.endsWith('[]') ? 'text' : type);
  // jsonb and arrays travel as text: an array parameter of arrays would have to be rectangular.
  const parameters = names.map((column, n) => `$${n + 1}::${text(columns[column])}[]`).join(', ');
  const values = names.map((column) => (text(columns[column]) === columns[column] ? `r.${escapeIdentifier(column)}` : `r.${escapeIdentifier(column)}::${columns[column]}`));
  const updates = names.filter((column) => column !== key).map((column) => `${escapeIdentifier(column)} = excluded.${escapeIdentifier(column)}`);
  const select = `select ${list} from ${escapeIdentifier(table)} where ${escapeIdentifier(key)} = any($1::${keyType}[])`;
  const upsert = `insert into ${escapeIdentifier(table)} (${list})
    select ${values.join(', ')} from unnest(${parameters}) as r(${list})
    on conflict (${escapeIdentifier(key)}) do update set ${updates.join(', ')}`;
  const remove = `delete from ${escapeIdentifier(table)} where ${escapeIdentifier(key)} = any($1::${keyType}[])`;

  const encode = (column: keyof Row & string, value: unknown): unknown =>
    columns[column] === 'jsonb' && value !== null && value !== undefined
      ? JSON.stringify(value)
      : columns[column].endsWith('[]') && Array.isArray(value)
        ? arrayLiteral(value)
        : (value ?? null);

  const handle = async (batch: readonly RecordedEvent[], tx: PoolClient): Promise<void> => {
    const events = batch as unknown as readonly RecordedEvent<Event>[];
    const touched = [...new Set(events.map(id))];
    const before = await tx.query<Row>({ name: `select_${name}`, text: select, values: [touched] });
    const rows = new Map<string, Row | null | undefined>(before.rows.map((row) => [String(row[key]), row]));
    for (const recorded of events) {
      const row = id(recorded);
      rows.set(row, evolve(rows.get(row) ?? undefined, recorded));
    }
    const kept = [...rows.values()].filter((row) => row !== null && row !== undefined);
    const gone = [...rows].filter(([, row]) => row === null).map(([row]) => row);
    if (kept.length > 0) {
      await tx.query({
        name: `upsert_${name}`,
        text: upsert,
        values: names.map((column) => kept.map((row) => encode(column, row[column]))),
      });
    }
    if (gone.length > 0) await tx.query({ name: `delete_${name}`, text: remove, values: [gone] });
  };

  return { name, types, tables: [table], handle };
};

const arrayLiteral = (items: readonly unknown[]): string =>
  `{${items.map((item) => `"${String(item).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`;
