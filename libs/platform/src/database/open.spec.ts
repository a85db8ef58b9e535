import { freshServiceDatabase, type TestServiceDatabase } from '../../../../test/support/service-database.ts';

describe("a service's database", () => {
  let database: TestServiceDatabase;
  beforeEach(async () => {
    database = await freshServiceDatabase('things');
  });
  afterEach(() => database.drop());

  it('outlives a connection that is cut while it is handed over', async () => {
    // Before whoever asked for it goes on, and can listen.
    database.pool.once('acquire', (client) => queueMicrotask(() => client.emit('error', new Error('cut'))));
    const client = await database.pool.connect();
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    client.release();
  });
});
