import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, startApp } from '#platform/bootstrap';
import { ConfigError } from '#platform/config/config-error';
import { loadConfig } from '#platform/config/load';
import { runService } from '#platform/run-service';
import { BootstrapKey } from '../../gateway/src/authentication/bootstrap-key.ts';
import { gatewayService } from '../../gateway/src/gateway.module.ts';
import { openDatabase } from './postgres/open-database.ts';
import { serviceNamed, services } from './services.ts';
import { welcome } from './welcome.ts';

/** How long running requests may take after the request to stop, in milliseconds; then they are cut. */
const PATIENCE_MS = 8_000;

/**
 * Aborted by the first signal that asks the process to stop, at any moment of the start. Further signals change nothing: a
 * terminal and npm both send the same Ctrl-C, and a second one must not leave PostgreSQL running alone.
 */
const untilAsked = (): AbortSignal => {
  const asked = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => asked.abort());
  return asked.signal;
};

/** Runs all services in one process until it is asked to stop, with a PostgreSQL of its own unless DATABASE_URL names another. */
const runAll = async (asked: AbortSignal): Promise<void> => {
  const config = loadConfig(process.env, { services, product: services });
  const database = await openDatabase(config);
  try {
    if (asked.aborted) return;
    const app = await startApp({
      name: 'keyledger',
      config: { ...config, database_url: database.url },
      services,
      product: services,
    });
    try {
      const firstKey = await app.nest.get(BootstrapKey, { strict: false }).ensure();
      console.log(welcome(app.url, config, firstKey));
      if (!asked.aborted) await once(asked, 'abort');
    } finally {
      await close(app);
    }
  } finally {
    await database.close();
  }
};

const close = async (app: App): Promise<void> => {
  const inTime = app.close().then(() => true);
  if (await Promise.race([inTime, sleep(PATIENCE_MS, false)])) return;
  console.error(`Requests that still ran ${PATIENCE_MS / 1_000} s after the request to stop are cut.`);
};

/** Runs one service, as a process of a cluster. */
const runOne = async (name: string): Promise<void> => {
  const app = await runService({ name, services: [serviceNamed(name)], product: services });
  if (name !== gatewayService.name) return;
  const first = await app.nest.get(BootstrapKey, { strict: false }).ensure();
  // Printed, not logged: the key is shown once, on the terminal of the first gateway.
  if (first?.origin === 'generated') console.log(`Admin API key, shown this once: ${first.key}`);
};

const fail = (error: unknown): never => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
};

const [name] = process.argv.slice(2);
if (name === undefined) await runAll(untilAsked()).then(() => process.exit(0), fail);
else await runOne(name).catch(fail);
