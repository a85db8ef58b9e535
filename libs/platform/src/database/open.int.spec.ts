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

  it('survives a connection that is cut during checkout', async () => {
    // Cuts the connection before the caller of `connect` continues and can add a listener.
    database.pool.once('acquire', (client) => queueMicrotask(() => client.emit('error', new Error('cut'))));
    const client = await database.pool.connect();
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    client.release();
  });

  it('either succeeds or fails when a connection is cut while a migration runs', async () => {
    const empty = await freshDatabase();
    try {
      const options = { url: empty.url, schema: 'things', entities: [], onError: () => undefined };
      await expect(openDatabase({ ...options, migrations: [CutOff1790000000001] })).rejects.toThrow(
        'terminating connection due to administrator command',
      );
      // The other connection holds the lock on migrations.
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
    // Nothing has been migrated.
  }
}

class CutsOthersOff1790000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
  }

  async down(): Promise<void> {
    // Nothing has been migrated.
  }
}
