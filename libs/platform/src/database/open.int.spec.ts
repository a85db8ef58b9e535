import type { MigrationInterface, QueryRunner } from 'typeorm';
import { openDatabase } from './open.ts';
import { freshDatabase } from '../../../../test/support/postgres.ts';
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

  it('ends in one way or the other when a connection is cut while a migration runs', async () => {
    const empty = await freshDatabase();
    try {
      const options = { url: empty.url, schema: 'things', entities: [], onError: () => undefined };
      await expect(openDatabase({ ...options, migrations: [CutOff1790000000001] })).rejects.toThrow(
        'terminating connection due to administrator command',
      );
      // The other is the one that lets nobody else migrate.
      const { orm } = await openDatabase({ ...options, migrations: [CutsOthersOff1790000000002] });
      await orm.destroy();
    } finally {
      await empty.drop();
    }
  });
});

class CutOff1790000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('select pg_terminate_backend(pg_backend_pid())');
  }

  async down(): Promise<void> {
    // There is nothing that it did.
  }
}

class CutsOthersOff1790000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
  }

  async down(): Promise<void> {
    // There is nothing that it did.
  }
}
