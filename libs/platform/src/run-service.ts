import { type App, type AppOptions, startApp } from './bootstrap.ts';
import { ConfigError } from './config/config-error.ts';
import { loadConfig } from './config/load.ts';

/** Runs services as a process of their own, configured by the environment, until SIGTERM or SIGINT; what goes wrong at start ends it with 1. */
export const runService = async (options: Omit<AppOptions, 'config'>): Promise<App> => {
  const app = await start(options);
  const stop = (): void => {
    app.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  return app;
};

const start = async (options: Omit<AppOptions, 'config'>): Promise<App> => {
  try {
    return await startApp({ ...options, config: loadConfig() });
  } catch (error) {
    return fail(error);
  }
};

const fail = (error: unknown): never => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
};
