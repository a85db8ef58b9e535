import { EntitySchema, type EntitySchemaOptions } from 'typeorm';
import type { ReadTable } from '#events/projection/rows';
import type { Column } from './column.ts';

/** Columns by name, in the order of statements. */
export type Columns = Readonly<Record<string, Column<unknown>>>;

/** A row, as the columns give it. */
type Row<Of extends Columns> = { readonly [Name in keyof Of]: Of[Name] extends Column<infer Value> ? Value : never };

/** A row of a table: `type PlanRow = RowOf<typeof plansTable>`. */
export type RowOf<T> = T extends Table<infer R> ? R : never;

/** What holds between columns and rows of a table, as TypeORM describes it. A name is the one in the database. */
type Constraints = Pick<EntitySchemaOptions<object>, 'indices' | 'uniques' | 'checks' | 'foreignKeys'>;

/** A table: to TypeORM an entity, to projections a list of columns. Made by `defineTable`. */
export class Table<R extends object> extends EntitySchema<R> implements ReadTable<R> {
  constructor(
    readonly name: string,
    readonly key: readonly (keyof R & string)[],
    readonly columns: ReadTable<R>['columns'],
    options: Omit<EntitySchemaOptions<R>, 'name'>,
  ) {
    super({ name, ...options });
  }
}

/**
 * The one description of a table. The row type, the statements of projections and TypeORM's queries come from it; a test holds the
 * migrations to it.
 * @param name in the service's schema
 * @param constraints an index that TypeORM cannot express (on an expression) stands there with `synchronize: false`
 */
export const defineTable = <Of extends Columns>(
  name: string,
  columns: Of,
  constraints: Constraints = {},
): Table<Row<Of>> => {
  const all = Object.entries(columns);
  const key = all.flatMap(([column, { options }]) => (options.primary === true ? [column] : []));
  const types = Object.fromEntries(all.map(([column, { type }]) => [column, type]));
  const entity = Object.fromEntries(all.map(([column, { options }]) => [column, options]));
  return new Table<Row<Of>>(name, key, types as Record<keyof Of & string, string>, {
    columns: entity as EntitySchemaOptions<Row<Of>>['columns'],
    ...constraints,
  });
};
