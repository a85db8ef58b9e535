import { BootstrapKey } from '../../gateway/src/authentication/bootstrap-key.ts';
import { BillingModule } from '../../billing/src/billing.module.ts';
import { GatewayModule } from '../../gateway/src/gateway.module.ts';
import { LicensingModule } from '../../licensing/src/licensing.module.ts';
import { ReleasesModule } from '../../releases/src/releases.module.ts';
import { WebhooksModule } from '../../webhooks/src/webhooks.module.ts';
import { catalogue } from '#domain/catalogue';
import { type App, ConfigError, type Config, loadConfig, startApp } from '#platform';
import { openDatabase, type RunningDatabase } from './postgres/open-database.ts';
import { welcome } from './welcome.ts';

/** All services in one process, with a PostgreSQL of its own unless DATABASE_URL names another. */
const run = async (): Promise<void> => {
  const config = loadConfig();
  const database = await openDatabase(config);
  const app = await start({ ...config, database_url: database.url }, database);
  const stop = (): void => {
    shutDown(app, database).then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const firstKey = await app.nest.get(BootstrapKey, { strict: false }).ensure();
  console.log(welcome(app.url, config, firstKey));
};

const start = async (config: Config, database: RunningDatabase): Promise<App> => {
  try {
    return await startApp({
      name: 'keyledger',
      config,
      modules: [GatewayModule, LicensingModule, BillingModule, ReleasesModule, WebhooksModule],
      contracts: catalogue,
    });
  } catch (error) {
    await database.close();
    throw error;
  }
};

const shutDown = async (app: App, database: RunningDatabase): Promise<void> => {
  try {
    await app.close();
  } finally {
    await database.close();
  }
};

const fail = (error: unknown): never => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
};

await run().catch(fail);
