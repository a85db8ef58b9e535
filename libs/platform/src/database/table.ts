import { EntitySchema, type EntitySchemaOptions } from 'typeorm';
import type { ReadTable } from '#events/projection/rows';
import type { Column } from './column.ts';

/** Columns by name, in the order of statements. */
export type Columns = Readonly<Record<string, Column<unknown>>>;

/** A row, as the columns give it. */
type Row<Of extends Columns> = { readonly [Name in keyof Of]: Of[Name] extends Column<infer Value> ? Value : never };

/** A row of a table: `type PlanRow = RowOf<typeof plansTable>`. */
export type RowOf<T> = T extends Table<infer R> ? R : never;

/** Constraints and indexes of a table, as TypeORM describes them. Names are those in the database. */
type Constraints = Pick<EntitySchemaOptions<object>, 'indices' | 'uniques' | 'checks' | 'foreignKeys'>;

/** A table: an entity for TypeORM, a list of columns for projections. Created by `defineTable`. */
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
 * The single description of a table. The row type, the statements of projections and TypeORM's queries derive from it; a test
 * compares the migrations with it.
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
