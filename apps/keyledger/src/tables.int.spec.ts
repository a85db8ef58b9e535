import { DataSource } from 'typeorm';
import type { ServiceDatabase } from '#platform/database/database';
import { freshServiceDatabase, type TestServiceDatabase } from '../../../test/support/service-database.ts';
import { services } from './services.ts';

/** Tables that no feature describes. Libraries make them when a service starts, and use them with their own SQL alone. */
const OF_LIBRARIES = [
  // libs/events: the log and its readers
  ...['events', 'commands', 'person_keys', 'checkpoints', 'parked_events', 'relayed_topics'],
  // libs/platform: keys, idempotency, test clock
  ...['root_keys', 'idempotency_claims', 'test_clock', 'test_clock_instances', 'test_clock_work'],
  // TypeORM: the migrations that ran
  'migrations',
];

/** Changes that TypeORM proposes and that are ignored, each with the reason. */
const LEFT_OUT = [
  // `validations` has no primary key: each verification writes a row, and a second index would double that work. TypeORM
  // requires a primary key, so it would add one, and create the index on the column again.
  /^ALTER TABLE "validations" ADD CONSTRAINT "PK_\w+" PRIMARY KEY \("id"\)$/,
  /^DROP INDEX "licensing"."validations_license"$/,
  /^CREATE INDEX "validations_license" ON "validations" +\("license_id", "id"\) $/,
];

/** Indexes that TypeORM cannot express, each with the reason. */
const INDEXES_BY_HAND = [
  // On an expression: lower(email)
  'licenses_email',
];

describe.each(services)('the tables of $name', ({ name, migrations, tables }) => {
  let database: TestServiceDatabase;
  beforeAll(async () => {
    database = await freshServiceDatabase(name, migrations, tables);
  });
  afterAll(() => database.drop());

  it('are made by its migrations as its features describe them', async () => {
    const { upQueries } = await database.orm.driver.createSchemaBuilder().log();
    const changes = upQueries.map(({ query }) => query);
    expect(changes.filter((change) => !LEFT_OUT.some((pattern) => pattern.test(change)))).toEqual([]);
  });

  // The schema builder compares neither the column order of an index nor its condition, so the described indexes are created
  // in a second schema.
  it('have the indexes that its features describe', async () => {
    const made = await indexesIn(database, name);
    await database.pool.query('create schema described');
    // The search path finds the sequences that defaults of columns name.
    const extra = { options: `-c search_path=${name}` };
    const beside = new DataSource({
      type: 'postgres',
      url: database.url,
      schema: 'described',
      entities: [...tables],
      extra,
    });
    await beside.initialize();
    await beside.synchronize();
    await beside.destroy();
    expect(await indexesIn(database, 'described')).toEqual(made);
  });

  it('are all described', async () => {
    const described = [...tables.map((table) => table.options.name), ...OF_LIBRARIES];
    expect((await tablesIn(database)).filter((table) => !described.includes(table))).toEqual([]);
  });
});

/** Names of a schema's tables, without partitions. */
const tablesIn = async ({ pool, schema }: ServiceDatabase): Promise<string[]> => {
  const { rows } = await pool.query<{ name: string }>(
    `select relname as name from pg_class
      where relnamespace = to_regnamespace($1) and relkind in ('r', 'p') and not relispartition order by relname`,
    [schema],
  );
  return rows.map(({ name }) => name);
};

/** Definitions of the indexes of a schema's described tables, without primary keys, whose names differ. */
const indexesIn = async ({ pool, orm }: ServiceDatabase, schema: string): Promise<string[]> => {
  const { rows } = await pool.query<{ definition: string }>(
    `select replace(replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON '), $1 || '.', '') as definition
      from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
      where c.relnamespace = to_regnamespace($1) and t.relname = any($2) and not i.indisprimary and c.relname <> all($3)
      order by c.relname`,
    [schema, orm.entityMetadatas.map(({ tableName }) => tableName), INDEXES_BY_HAND],
  );
  return rows.map(({ definition }) => definition);
};
