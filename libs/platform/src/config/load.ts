import type { ServiceDescription } from '../service.ts';
import { type Config, PlatformSettings } from './config.ts';
import { WebAddress } from './kinds.ts';
import { masterKey, previousMasterKeys } from './master-key.ts';
import { type Environment, readSettings, Setting, type SettingsClass } from './setting.ts';

export interface LoadOptions {
  /** The services that run in this process; their settings are read too. */
  readonly services?: readonly Pick<ServiceDescription, 'settings'>[];
  /** Every service of the product: the environment may give the address of each, as `KEYLEDGER_<NAME>_URL`. */
  readonly product?: readonly Pick<ServiceDescription, 'name'>[];
  /** Takes warnings for the operator (default: standard error). */
  readonly warn?: (message: string) => void;
}

/**
 * Reads and validates the environment. Every variable has a default that works on one machine; an empty variable counts as
 * not set.
 * @throws ConfigError naming the variable and the remedy
 */
export const loadConfig = (
  env: Environment = process.env,
  { services = [], product = [], warn = console.warn }: LoadOptions = {},
): Config => {
  const platform = readSettings(PlatformSettings, env);
  const { host, port, data_dir, public_url = `http://${host.includes(':') ? `[${host}]` : host}:${port}` } = platform;
  const ofFeatures = new Map<SettingsClass, object>(
    services.flatMap(({ settings }) => settings.map((one) => [one, readSettings(one, env)] as const)),
  );
  return {
    ...platform,
    public_url,
    master_key: masterKey(platform.master_key, data_dir, warn),
    previous_master_keys: previousMasterKeys(platform.previous_master_keys),
    service_urls: Object.fromEntries(product.map(({ name }) => [name, addressOf(name, env)])),
    settingsOf: (settings) => {
      const found = ofFeatures.get(settings);
      if (!(found instanceof settings)) throw new Error(`${settings.name} is not listed by a feature of this process`);
      return found;
    },
  };
};

/** The addresses of the services from the environment. */
const addressOf = (name: string, env: Environment): string | undefined => {
  class ServiceAddress {
    @Setting(`KEYLEDGER_${name.toUpperCase()}_URL`)
    @WebAddress()
    readonly url?: string;
  }
  return readSettings(ServiceAddress, env).url;
};
