import { freshDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import type { ServiceDatabase } from './database.ts';
import { openDatabase } from './open.ts';

describe("a service's database", () => {
  let database: TestDatabase;
  let open: ServiceDatabase;
  beforeEach(async () => {
    database = await freshDatabase();
    open = await openDatabase({
      url: database.url,
      schema: 'things',
      entities: [],
      migrations: [],
      onError: () => undefined,
    });
  });
  afterEach(async () => {
    await open.orm.destroy();
    await database.drop();
  });

  it('outlives a connection that is cut while it is handed over', async () => {
    // Before whoever asked for it goes on, and can listen.
    open.pool.once('acquire', (client) => queueMicrotask(() => client.emit('error', new Error('cut'))));
    const client = await open.pool.connect();
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    client.release();
  });
});
