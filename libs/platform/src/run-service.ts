import { type App, type AppOptions, startApp } from './bootstrap.ts';
import { loadConfig } from './config/load.ts';

/**
 * Runs services as a separate process, configured by the environment, until SIGTERM or SIGINT.
 * @throws ConfigError, and any other error of the start
 */
export const runService = async (options: Omit<AppOptions, 'config'>): Promise<App> => {
  const app = await startApp({ ...options, config: loadConfig(process.env, options) });
  const stop = (): void => {
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  return app;
};
