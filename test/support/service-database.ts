import type { ServiceDatabase } from '#platform/database/database';
import { openDatabase } from '#platform/database/open';
import { freshDatabase } from './postgres.ts';

/** The database of one service, with its tables, on a database of a test's own. */
export interface TestServiceDatabase extends ServiceDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

export const freshServiceDatabase = async (
  schema: string,
  migrations: Parameters<typeof openDatabase>[0]['migrations'] = [],
): Promise<TestServiceDatabase> => {
  const database = await freshDatabase();
  const open = await openDatabase({ url: database.url, schema, entities: [], migrations, onError: () => undefined });
  const drop = async (): Promise<void> => {
    await open.orm.destroy();
    await database.drop();
  };
  return { ...open, url: database.url, drop };
};
