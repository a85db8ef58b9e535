import { Command, InvalidArgumentError } from 'commander';
import pg from 'pg';
import { visible } from '#client/key-text';
import { asyncApi } from '#events/catalogue/asyncapi';
import { catalogue as describe } from '#events/catalogue/catalogue';
import { breaks } from '#events/catalogue/compatibility';
import { republish, type RepublishProgress } from '#events/kafka/republish';
import { listDeadLetters, replayDeadLetters } from '#events/subscription/dead-letters';
import type { Config } from '#platform/config/config';
import { loadConfig } from '#platform/config/load';
import { baseUrl } from './base-url.ts';
import { grantCommand } from './grant-command.ts';
import { type KeysOptions, masterKeyStatus, rotateMasterKeys } from './master-keys.ts';
import { visitDatabase } from './postgres/open-database.ts';
import { findProjection, listProjections, rebuildFound } from './projections.ts';
import { explain, readReleased, RELEASED, releaseCatalogue } from './released-catalogue.ts';
import { contracts, services } from './services.ts';
import type { Target } from './target.ts';
import { exportAll, importLicenses } from './transfer.ts';

const print = (value: unknown): void => console.log(JSON.stringify(value, null, 2));

/** Opens the configured database. The server may be running or stopped. */
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
  const pool = new pg.Pool({ connectionString: url, options: `-c search_path=${schema}`, max: 4, pipeline: true });
  // After `end` some sessions may still be open; a PostgreSQL that stops then reports errors on them.
  pool.on('error', (error) => pool.ending || console.error(`PostgreSQL went away: ${error.message}`));
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

const wholeNumber = (text: string): number => {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
};

interface Stretch {
  readonly service: string;
  readonly from: number;
  readonly to?: number;
  readonly topic: string;
  readonly batch?: number;
}

const republishEvents = ({ service, ...stretch }: Stretch): Promise<void> =>
  withDatabase(async (url, { kafka_brokers: brokers }) => {
    if (brokers === undefined) throw new Error('KAFKA_BROKERS is not set: there is nowhere to send events to.');
    if (!contracts.some((contract) => contract.service === service))
      throw new Error(`There is no service ${service} that publishes events.`);
    const kafka = { brokers, clientId: `keyledger.${service}.republish` };
    const tell = ({ events, position, to }: RepublishProgress): void =>
      console.error(`${events} events sent, up to position ${position} of ${to}`);
    const sent = await withPool(url, service, (pool) =>
      republish({ ...stretch, pool, service, kafka, contracts, onProgress: tell }),
    );
    console.log(`Sent ${sent} events of ${service} to ${stretch.topic}.`);
  });

const checkCatalogue = async (): Promise<void> => {
  const released = await readReleased(process.cwd());
  if (released === undefined) throw new Error(`There is no ${RELEASED} here.`);
  const broken = breaks(released, describe(contracts).data);
  if (broken.length > 0) throw new Error(explain(broken));
  console.log(`Readers of the catalogue of ${released.version} can read this one.`);
};

const program = new Command('keyledger').description('Commands for operators, besides the API.');
const projections = program.command('projections').description('Tables projected from the event log');
projections
  .command('list')
  .description('Show them')
  .action(() => print(listProjections()));
projections
  .command('rebuild <name>')
  .description('Rebuild one from the first event beside the live one, then swap it in')
  .option('--service <service>', 'the service that owns it')
  .action(rebuildProjection);
const letters = program.command('dead-letters').description('Events that a subscription could not handle');
letters.command('list').description('Show them').action(deadLetters);
letters.command('replay <service> [id]').description('Try one again, or all of a service').action(replay);
const events = program.command('events').description('Published events');
events
  .command('republish')
  .description(
    'Send part of a service’s log again, to a separate topic; repeat the call to continue after an interruption',
  )
  .requiredOption('--service <service>', 'the service that published them')
  .requiredOption('--from <position>', 'first position to send', wholeNumber)
  .option('--to <position>', 'last position to send (default: the end of the log)', wholeNumber)
  .requiredOption('--topic <topic>', 'target topic; not one that services publish to')
  .option('--batch <events>', 'events per request (default: 500)', wholeNumber)
  .action(republishEvents);
const catalog = program
  .command('catalog')
  .description('Print the catalogue of events')
  .action(() => print(describe(contracts)));
catalog
  .command('check')
  .description(`Compare it with the last released catalogue (${RELEASED})`)
  .action(checkCatalogue);
catalog
  .command('release')
  .description(
    'Release it: later catalogues must stay compatible with it. Refused if it is incompatible with the last release',
  )
  .action(async () => {
    const added = await releaseCatalogue(process.cwd(), describe(contracts).data);
    console.log(`Released${added.length === 0 ? '; no type is new' : ` with ${added.join(', ')}`}.`);
  });
program
  .command('asyncapi')
  .description('Print the AsyncAPI 3 document')
  .action(() => print(asyncApi(contracts, { servers: loadConfig().kafka_brokers ?? [] })));

const withKeys = (service: string | undefined, work: (options: KeysOptions) => Promise<void>): Promise<void> =>
  withDatabase((url, config) => work({ service, config, withPool: (schema, using) => withPool(url, schema, using) }));
const keys = program.command('keys').description('The master key, and the data encrypted under it');
keys
  .command('rotate-master')
  .description(
    'Encrypt everything under KEYLEDGER_MASTER_KEY that is still under one of KEYLEDGER_PREVIOUS_MASTER_KEYS',
  )
  .option('--service <service>', 'only this service (default: all)')
  .action(({ service }: { service?: string }) =>
    withKeys(service, (options) => rotateMasterKeys(options, (message) => console.error(message))),
  );
keys
  .command('status')
  .description('Show which master keys are in use')
  .option('--service <service>', 'only this service (default: all)')
  .action(({ service }: { service?: string }) =>
    withKeys(service, async (options) => print(await masterKeyStatus(options))),
  );

const target = ({ url, key = process.env['KEYLEDGER_API_KEY'] ?? '' }: { url: string; key?: string }): Target => {
  // A key that comes from a secret file ends in a line break.
  const pasted = visible(key);
  if (pasted === '') throw new Error('Give --key kl_…, or set KEYLEDGER_API_KEY: an API key with the scope admin.');
  return { url, key: pasted };
};
const withTarget = (command: Command): Command =>
  command
    .option(
      '--url <url>',
      'address of the server; it may have a path',
      baseUrl,
      `http://127.0.0.1:${process.env['PORT'] || '4000'}`,
    )
    .option('--key <key>', 'an API key with the scope admin, or for grants billing:write (default: KEYLEDGER_API_KEY)');

grantCommand(withTarget(program.command('grant')), target);

const imports = program.command('import').description('Import data from another system');
withTarget(imports.command('licenses <file>'))
  .description('Import licenses from a .csv or .ndjson file, each external_id once')
  .option(
    '--charset <charset>',
    'charset of the file, such as windows-1252 (default: by its byte order mark, or UTF-8)',
  )
  .action(async (file: string, { charset, ...options }: { charset?: string; url: string; key?: string }) => {
    const { issued, unchanged, refused } = await importLicenses(file, charset, target(options));
    console.log(`${issued} issued, ${unchanged} known already, ${refused} refused.`);
    if (refused > 0) process.exitCode = 2;
  });
const exports = program.command('export').description('Export data');
for (const [what, description] of [
  ['licenses', 'Write all licenses'],
  ['activations', 'Write all activations, newest licenses first'],
  ['usage', 'Write all usage records, in the order in which they were counted'],
  ['customers', 'Write all customers, newest first'],
  ['subscriptions', 'Write all subscriptions, newest first'],
  ['invoices', 'Write all invoices, newest first'],
  ['payments', 'Write all payments, newest first'],
] as const)
  withTarget(exports.command(what))
    .description(description)
    .option('--format <format>', 'csv or ndjson', 'csv')
    .option('-o, --output <file>', 'target file (default: standard output)')
    .action(async ({ format, output, ...options }: { format: string; output?: string; url: string; key?: string }) => {
      if (format !== 'csv' && format !== 'ndjson') throw new Error('--format is csv or ndjson.');
      await exportAll(what, format, output, target(options));
    });

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
