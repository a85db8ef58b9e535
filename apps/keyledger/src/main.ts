import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { BootstrapKey } from '../../gateway/src/authentication/bootstrap-key.ts';
import { BillingModule } from '../../billing/src/billing.module.ts';
import { GatewayModule } from '../../gateway/src/gateway.module.ts';
import { LicensingModule } from '../../licensing/src/licensing.module.ts';
import { ReleasesModule } from '../../releases/src/releases.module.ts';
import { WebhooksModule } from '../../webhooks/src/webhooks.module.ts';
import { catalogue } from '#domain/catalogue';
import { type App, startApp } from '#platform/bootstrap';
import { ConfigError } from '#platform/config/config-error';
import { loadConfig } from '#platform/config/load';
import { openDatabase } from './postgres/open-database.ts';
import { welcome } from './welcome.ts';

/** How long answers that are under way may take once we are to stop, in milliseconds; then they are cut. */
const PATIENCE_MS = 8_000;

/**
 * Aborted by the first signal that asks us to stop, at whatever moment of the start. Those that follow change nothing: a
 * terminal and npm send the same Ctrl-C, and who presses it again must not leave PostgreSQL running alone.
 */
const untilAsked = (): AbortSignal => {
  const asked = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => asked.abort());
  return asked.signal;
};

/** All services in one process, with a PostgreSQL of its own unless DATABASE_URL names another, until it is asked to stop. */
const run = async (asked: AbortSignal): Promise<void> => {
  const config = loadConfig();
  const database = await openDatabase(config);
  try {
    if (asked.aborted) return;
    const app = await startApp({
      name: 'keyledger',
      config: { ...config, database_url: database.url },
      modules: [GatewayModule, LicensingModule, BillingModule, ReleasesModule, WebhooksModule],
      contracts: catalogue,
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
  console.error(`What was still under way ${PATIENCE_MS / 1_000} s after the request to stop is cut.`);
};

const fail = (error: unknown): never => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
};

await run(untilAsked()).then(() => process.exit(0), fail);
