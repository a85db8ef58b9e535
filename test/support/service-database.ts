import type { ServiceDatabase } from '#platform/database/database';
import { openDatabase } from '#platform/database/open';
import type { ServiceDefinition } from '#platform/service';
import { freshDatabase, templateDatabase, type TestDatabase } from './postgres.ts';

/** The part of a service that defines its schema. */
type Tables = Pick<ServiceDefinition, 'name' | 'migrations'> & Partial<Pick<ServiceDefinition, 'tables'>>;

/** The database of one service with its tables, for one test. */
export interface TestServiceDatabase extends ServiceDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

export const freshServiceDatabase = async (
  name: string,
  migrations: Tables['migrations'] = [],
  tables: Tables['tables'] = [],
): Promise<TestServiceDatabase> => {
  const database = await migratedDatabase([{ name, migrations }]);
  const open = await openTables(database.url, { name, migrations, tables });
  const drop = async (): Promise<void> => {
    await open.orm.destroy();
    await database.drop();
  };
  return { ...open, url: database.url, drop };
};

/** A database in which services are migrated and have not started yet. */
export const migratedDatabase = async (services: readonly Tables[]): Promise<TestDatabase> => {
  const key = services.flatMap(({ name, migrations }) => [name, ...migrations.map(String)]);
  const template = await templateDatabase(JSON.stringify(key), async (url) => {
    for (const service of services) {
      const { orm } = await openTables(url, service);
      await orm.destroy();
    }
  });
  return freshDatabase({ template });
};

const openTables = (url: string, { name, migrations, tables = [] }: Tables): Promise<ServiceDatabase> =>
  openDatabase({ url, schema: name, entities: tables, migrations, onError: () => undefined });
