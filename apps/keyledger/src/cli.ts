import { Command } from 'commander';
import pg from 'pg';
import { asyncApi, catalogue as describe, listDeadLetters, replayDeadLetters } from '#events';
import { catalogue } from '#domain/catalogue';
import { type Config, loadConfig } from '#platform';
import { visitDatabase } from './postgres/open-database.ts';
import { findProjection, listProjections, rebuildFound } from './projections.ts';
import { services } from './services.ts';

const print = (value: unknown): void => console.log(JSON.stringify(value, null, 2));

/** The database that Keyledger uses, whether it is running just now or not. */
const withDatabase = async (work: (url: string, config: Config) => Promise<void>): Promise<void> => {
  const config = loadConfig();
  const database = await visitDatabase(config);
  try {
    await work(database.url, config);
  } finally {
    await database.close();
  }
};

const withPool = async <T>(url: string, schema: string, work: (pool: pg.Pool) => Promise<T>): Promise<T> => {
  const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}`, max: 4 });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
};

const rebuildProjection = (name: string, { service }: { service?: string }): Promise<void> => {
  const found = findProjection(name, service);
  return withDatabase((url, config) =>
    withPool(url, found.service.name, async (pool) => {
      const events = await rebuildFound({ found, pool, config, tell: (message) => console.error(message) });
      console.log(`Rebuilt ${name} of ${found.service.name} from ${events} events.`);
    }),
  );
};

const deadLetters = (): Promise<void> =>
  withDatabase(async (url) => {
    for (const { name } of services) {
      for (const letter of await withPool(url, name, (pool) => listDeadLetters(pool)))
        print({ service: name, ...letter });
    }
  });

const replay = (service: string, id: string | undefined): Promise<void> =>
  withDatabase(async (url) => {
    if (!services.some(({ name }) => name === service)) throw new Error(`There is no service ${service}.`);
    const count = await withPool(url, service, (pool) => replayDeadLetters(pool, id === undefined ? {} : { id }));
    console.log(`${count} dead letter${count === 1 ? '' : 's'} will be tried again.`);
  });

const program = new Command('keyledger').description('What an operator of Keyledger needs besides its API.');
const projections = program.command('projections').description('Tables that are projected from the log');
projections
  .command('list')
  .description('Show them')
  .action(() => print(listProjections()));
projections
  .command('rebuild <name>')
  .description('Project one anew from the beginning, beside the live one, and put it in its place')
  .option('--service <service>', 'the service it belongs to')
  .action(rebuildProjection);
const letters = program.command('dead-letters').description('Events that a subscription could not handle');
letters.command('list').description('Show them').action(deadLetters);
letters.command('replay <service> [id]').description('Have one, or all of a service, tried again').action(replay);
program
  .command('catalog')
  .description('Print the catalogue of events')
  .action(() => print(describe(catalogue)));
program
  .command('asyncapi')
  .description('Print the AsyncAPI 3 document')
  .action(() => print(asyncApi(catalogue, { servers: loadConfig().kafka_brokers ?? [] })));

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
