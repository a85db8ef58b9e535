import { escapeIdentifier, type PoolClient, type QueryConfig } from 'pg';
import { arrayOf } from '../store/array.ts';

/** A table as projections know it. */
export interface ReadTable<Row extends object> {
  readonly name: string;
  /** Columns of the primary key. */
  readonly key: readonly (keyof Row & string)[];
  /** Every column with its PostgreSQL type, in the order of statements. */
  readonly columns: Readonly<Record<keyof Row & string, string>>;
}

/** The rows of a read table by key, read and written many at a time with prepared statements. */
export class Rows<Row extends object> {
  readonly #key: keyof Row & string;
  readonly #columns: readonly (keyof Row & string)[];
  readonly #sql: Readonly<Record<'select' | 'upsert' | 'stamp' | 'remove', string>>;

  /**
   * @param stamp a column for the time that the log gives to events
   * @throws Error for a table whose key is not one column
   */
  constructor(
    private readonly table: ReadTable<Row>,
    private readonly stamp?: keyof Row & string,
  ) {
    const [key, ...others] = table.key;
    if (key === undefined || others.length > 0) throw new Error(`${table.name} needs a key of one column`);
    this.#key = key;
    this.#columns = Object.keys(table.columns) as (keyof Row & string)[];
    this.#sql = statements(table.name, key, table.columns, stamp);
  }

  async select(keys: readonly string[], tx: PoolClient): Promise<Map<string, Row>> {
    if (keys.length === 0) return new Map();
    const { rows } = await tx.query<Row>({
      name: `select_${this.table.name}`,
      text: this.#sql.select,
      values: [keys],
    });
    return new Map(rows.map((row) => [String(row[this.#key]), row]));
  }

  async upsert(rows: readonly Row[], tx: PoolClient): Promise<void> {
    for (const query of this.upserting(rows)) await tx.query(query);
  }

  /**
   * The statement of `upsert`; none without rows.
   * @param event an event of the same write: the column `stamp` gets its time
   */
  upserting(rows: readonly Partial<Row>[], event?: string): readonly QueryConfig[] {
    if (rows.length === 0) return [];
    const { name, columns } = this.table;
    const sent = event === undefined ? this.#columns : this.#columns.filter((column) => column !== this.stamp);
    const values = sent.map((column) =>
      parameter(
        columns[column],
        rows.map((row) => row[column]),
      ),
    );
    return event === undefined
      ? [{ name: `upsert_${name}`, text: this.#sql.upsert, values }]
      : [{ name: `stamp_${name}`, text: this.#sql.stamp, values: [...values, event] }];
  }

  async remove(keys: readonly string[], tx: PoolClient): Promise<void> {
    if (keys.length === 0) return;
    await tx.query({ name: `delete_${this.table.name}`, text: this.#sql.remove, values: [keys] });
  }
}

const statements = (
  table: string,
  key: string,
  columns: Readonly<Record<string, string>>,
  stamp: string | undefined,
): Readonly<Record<'select' | 'upsert' | 'stamp' | 'remove', string>> => {
  const name = escapeIdentifier(table);
  const id = escapeIdentifier(key);
  const all = Object.entries(columns).map(([column, type]): SqlColumn => ({ column: escapeIdentifier(column), type }));
  const list = all.map(({ column }) => column).join(', ');
  const stamped = all.filter(({ column }) => stamp !== undefined && column === escapeIdentifier(stamp));
  const others = all.filter((column) => !stamped.includes(column));
  const times = stamped.map(() => `(select recorded_at from events where id = $${others.length + 1})`);
  const upsert = (sent: readonly SqlColumn[], more: readonly SqlColumn[], values: readonly string[]): string => {
    const written = [...sent, ...more].map(({ column }) => column);
    const updates = written.filter((column) => column !== id).map((column) => `${column} = excluded.${column}`);
    return `insert into ${name} (${written.join(', ')})
      select ${[...sent.map(valueOf), ...values].join(', ')} from ${sourceOf(sent)}
      on conflict (${id}) do ${updates.length === 0 ? 'nothing' : `update set ${updates.join(', ')}`}`;
  };
  return {
    select: `select ${list} from ${name} where ${id} = any($1::${columns[key]}[])`,
    upsert: upsert(all, [], []),
    stamp: upsert(others, stamped, times),
    remove: `delete from ${name} where ${id} = any($1::${columns[key]}[])`,
  };
};

interface SqlColumn {
  readonly column: string;
  readonly type: string;
}

/** Rows out of one parameter per column. */
const sourceOf = (columns: readonly SqlColumn[]): string => {
  const lists = columns.map(({ type }, n) =>
    type === 'jsonb' ? `jsonb_array_elements($${n + 1}::jsonb)` : `unnest($${n + 1}::${carrier(type)}[])`,
  );
  return `rows from (${lists.join(', ')}) as r(${columns.map(({ column }) => column).join(', ')})`;
};

const valueOf = ({ column, type }: SqlColumn): string => {
  if (type === 'jsonb') return `nullif(r.${column}, 'null')`;
  return carrier(type) === type ? `r.${column}` : `r.${column}::${type}`;
};

/** Arrays travel as texts: an array parameter of arrays would have to be rectangular. */
const carrier = (type: string): string => (type.endsWith('[]') ? 'text' : type);

/** The values of a column. Those of jsonb are one JSON text: in an array, each would be escaped once more. */
const parameter = (type: string, values: readonly unknown[]): unknown => {
  if (type === 'jsonb') return JSON.stringify(values.map((value) => value ?? null));
  const encoded = values.map((value) => encode(type, value));
  return type === 'bytea' ? encoded : arrayOf(encoded as readonly (string | number | null)[]);
};

const encode = (type: string, value: unknown): unknown => {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  return type.endsWith('[]') && Array.isArray(value) ? arrayLiteral(value) : value;
};

const arrayLiteral = (items: readonly unknown[]): string =>
  `{${items.map((item) => (item === null ? 'null' : quoted(item as string | number | boolean))).join(',')}}`;

const quoted = (item: string | number | boolean): string =>
  `"${String(item).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
