import { escapeIdentifier, type PoolClient } from 'pg';

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
  readonly #table: ReadTable<Row>;
  readonly #key: keyof Row & string;
  readonly #names: readonly (keyof Row & string)[];
  readonly #sql: Readonly<Record<'select' | 'upsert' | 'remove', string>>;

  /** @throws Error for a table whose key is not one column */
  constructor(table: ReadTable<Row>) {
    const [key, ...others] = table.key;
    if (key === undefined || others.length > 0) throw new Error(`${table.name} needs a key of one column`);
    this.#table = table;
    this.#key = key;
    this.#names = Object.keys(table.columns) as (keyof Row & string)[];
    this.#sql = statements(table.name, key, table.columns);
  }

  async select(keys: readonly string[], tx: PoolClient): Promise<Map<string, Row>> {
    if (keys.length === 0) return new Map();
    const { rows } = await tx.query<Row>({
      name: `select_${this.#table.name}`,
      text: this.#sql.select,
      values: [keys],
    });
    return new Map(rows.map((row) => [String(row[this.#key]), row]));
  }

  async upsert(rows: readonly Row[], tx: PoolClient): Promise<void> {
    if (rows.length === 0) return;
    const values = this.#names.map((column) => rows.map((row) => encode(this.#table.columns[column], row[column])));
    await tx.query({ name: `upsert_${this.#table.name}`, text: this.#sql.upsert, values });
  }

  async remove(keys: readonly string[], tx: PoolClient): Promise<void> {
    if (keys.length === 0) return;
    await tx.query({ name: `delete_${this.#table.name}`, text: this.#sql.remove, values: [keys] });
  }
}

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
