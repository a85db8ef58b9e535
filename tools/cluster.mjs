/**
 * Runs all of Keyledger on this machine the way it runs on many: PostgreSQL, Kafka, and each service as a process with its own
 * credentials. `PORT` is the port of the gateway, and the services use the ports after it (0: any free ports). It runs until
 * Ctrl-C or SIGTERM.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { openDatabase } from '../dist/apps/keyledger/src/postgres/open-database.js';
import { serviceNames } from '../dist/apps/keyledger/src/services.js';
import { masterKey } from '../dist/libs/platform/src/config/master-key.js';
import { KafkaProcess } from './cluster/kafka-process.mjs';
import { endLeftoverKafka } from './cluster/leftover.mjs';
import { prepareRoles } from './cluster/roles.mjs';
import { ServiceProcess } from './cluster/service-process.mjs';

/** The services behind the gateway. */
const SERVICES = serviceNames;
const ADMIN_KEY = /^Admin API key, shown this once: (.*)$/;
/** Variables that at most one of the processes may see. */
const PRIVATE = [
  'DATABASE_URL',
  'KEYLEDGER_MIGRATION_DATABASE_URL',
  'KEYLEDGER_BOOTSTRAP_API_KEY',
  'KEYLEDGER_MASTER_KEY',
];

class Stopped extends Error {}
const stopped = new AbortController();
const closers = [];
const asked = new Promise((done) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      stopped.abort();
      done();
    });
  }
});

/** Starts one stage of the cluster. Stages stop in reverse order: the last one started stops first. */
const stage = async (start, close) => {
  if (stopped.signal.aborted) throw new Stopped();
  const started = await start();
  closers.push(() => close(started));
  return started;
};

const run = async () => {
  const folder = resolve(process.env.KEYLEDGER_DATA ?? './data/cluster');
  const logs = join(folder, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const key = masterKey(process.env.KEYLEDGER_MASTER_KEY, folder, console.warn);
  const database = await stage(
    () => openDatabase({ data_dir: folder }),
    (running) => running.close(),
  );
  const databases = await prepareRoles(database.url, join(folder, 'postgres'), key, ['gateway', ...SERVICES]);
  const kafka = process.env.KAFKA_BROKERS ? undefined : await ownKafka(join(folder, 'kafka'));
  const brokers = kafka?.brokers.join() ?? process.env.KAFKA_BROKERS;

  const host = process.env.HOST ?? '127.0.0.1';
  const ports = await choosePorts(Number(process.env.PORT ?? 4000), host);
  const urls = new Map(SERVICES.map((name, at) => [name, `http://127.0.0.1:${ports[at + 1]}`]));
  const door = `http://${['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host}:${ports[0]}`;
  const common = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !PRIVATE.includes(name))),
    KEYLEDGER_MASTER_KEY: Buffer.from(key).toString('base64'),
    KEYLEDGER_DATA: folder,
    KAFKA_BROKERS: brokers,
    KEYLEDGER_PUBLIC_URL: process.env.KEYLEDGER_PUBLIC_URL || door,
  };

  const adminKey = Promise.withResolvers();
  const processes = [];
  const status = join(folder, 'cluster.json');
  const changed = () => writeStatus(status, door, processes, brokers, kafka);
  if (kafka !== undefined) kafka.changed = changed;
  const add = (name, url, env, take) => {
    const main = resolve(import.meta.dirname, '../dist/apps/keyledger/src/main.js');
    const options = {
      name,
      main,
      url,
      log: join(logs, `${name}.log`),
      take,
      tell: (message) => console.error(message),
      changed,
    };
    const { work, migration } = databases.get(name);
    const addresses = { DATABASE_URL: work, KEYLEDGER_MIGRATION_DATABASE_URL: migration };
    processes.push(new ServiceProcess({ ...options, env: { ...common, ...addresses, ...env } }));
  };
  for (const [at, name] of SERVICES.entries())
    add(name, urls.get(name), { HOST: '127.0.0.1', PORT: String(ports[at + 1]) });
  const gateway = {
    HOST: host,
    PORT: String(ports[0]),
    KEYLEDGER_BOOTSTRAP_API_KEY: process.env.KEYLEDGER_BOOTSTRAP_API_KEY,
    ...Object.fromEntries(SERVICES.map((name) => [`KEYLEDGER_${name.toUpperCase()}_URL`, urls.get(name)])),
  };
  // The key is shown only in the terminal.
  const takeKey = (line) => {
    const [, found] = ADMIN_KEY.exec(line) ?? [];
    if (found !== undefined) adminKey.resolve(found);
    return found !== undefined;
  };
  add('gateway', door, gateway, takeKey);

  await stage(
    () => processes.forEach((service) => service.start()),
    async () => {
      await Promise.all(processes.map((service) => service.stop()));
      rmSync(status, { force: true });
    },
  );
  await Promise.race([Promise.all(processes.map((service) => service.ready())), asked]);
  if (stopped.signal.aborted) return;
  console.log(welcome(common.KEYLEDGER_PUBLIC_URL, folder, processes, brokers));
  // The gateway prints the key right after it starts, or not at all if there is a key already.
  void adminKey.promise.then((found) => console.log(`\nAdmin API key, shown this once: ${found}`));
};

const ownKafka = async (dir) => {
  await endLeftoverKafka(join(dir, 'server.properties'));
  return stage(
    () =>
      KafkaProcess.start({ dir, tell: (message) => console.error(message) }).catch((error) => {
        throw new Error(`Kafka does not start (KAFKA_BROKERS can name another): ${error.message}`, { cause: error });
      }),
    (kafka) => kafka.stop(),
  );
};

const welcome = (url, folder, processes, brokers) =>
  [
    `Keyledger runs at ${url} (OpenAPI: ${url}/api/v1/openapi.json)`,
    `  data     ${folder}`,
    `  kafka    ${brokers}`,
    ...processes.map(({ name, url: at, pid }) => `  ${name.padEnd(9)} ${at}  process ${pid}`),
  ].join('\n');

/** Writes the address and process id of each service, for tools that watch them. The rename hides a half-written file. */
const writeStatus = (file, url, processes, brokers, kafka) => {
  const services = Object.fromEntries(processes.map(({ name, url: at, pid }) => [name, { url: at, pid: pid ?? null }]));
  writeFileSync(
    `${file}.new`,
    `${JSON.stringify({ url, kafka: { brokers, pid: kafka?.pid ?? null }, services }, null, 2)}\n`,
    {
      mode: 0o600,
    },
  );
  renameSync(`${file}.new`, file);
};

/** A port for the gateway and one for each service: consecutive from the first, or any free ports. */
const choosePorts = async (first, host) => {
  if (!Number.isInteger(first) || first < 0 || first > 65_535 - SERVICES.length) {
    throw new Error(
      `PORT is "${process.env.PORT}": give a whole number up to ${65_535 - SERVICES.length}, or 0 for any free port.`,
    );
  }
  if (first > 0) return [first, ...SERVICES.map((_name, at) => first + at + 1)];
  const holders = await Promise.all(
    ['gateway', ...SERVICES].map((name) => listen(name === 'gateway' ? host : '127.0.0.1')),
  );
  const ports = holders.map((server) => server.address().port);
  await Promise.all(holders.map((server) => new Promise((done) => server.close(done))));
  return ports;
};

const listen = (host) =>
  new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, host, () => done(server));
  });

/** Stops all stages, the last one started first. If one fails to stop, the others still stop. */
const closeAll = async () => {
  for (const close of closers.splice(0).reverse()) {
    try {
      await close();
    } catch (error) {
      console.error(error);
      process.exitCode = 1;
    }
  }
};

try {
  await run();
  await asked;
} catch (error) {
  if (!(error instanceof Stopped)) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
await closeAll();
process.exit();
