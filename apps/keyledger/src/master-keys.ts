import type pg from 'pg';
import type { Config } from '#platform/config/config';
import { masterKeysOf } from '#platform/crypto/master-keys';
import { keyStatus, type KeyStatus, resealTables, rewrapKeys } from '#platform/crypto/rotate-master';
import type { ServiceDefinition } from '#platform/service';
import { services } from './services.ts';

/** Connections whose `search_path` is a service's schema, for as long as the work goes on. */
type WithPool = <T>(schema: string, work: (pool: pg.Pool) => Promise<T>) => Promise<T>;

export interface KeysOptions {
  /** Only this service; by default, all of them. */
  readonly service: string | undefined;
  readonly config: Config;
  readonly withPool: WithPool;
}

/** Moves every service to KEYLEDGER_MASTER_KEY, and reports the progress. */
export const rotateMasterKeys = async (
  { service, config, withPool }: KeysOptions,
  tell: (message: string) => void,
): Promise<void> => {
  const masters = masterKeysOf(config);
  const found = chosen(service);
  for (const { name } of found) {
    await withPool(name, (pool) => rewrapKeys({ pool, schema: name, masters }));
    tell(`${name}: its keys are under the present master key`);
  }
  for (const { name, sealed: columns = [] } of found) {
    const onProgress = (table: string, done: number, of: number): void => tell(`${name}: ${table} ${done} of ${of}`);
    await withPool(name, (pool) => resealTables({ pool, schema: name, columns, masters, onProgress }));
    tell(`${name}: done`);
  }
};

/** Shows the master key of each service's keys, and how many rows are still sealed under an older key of the service. */
export const masterKeyStatus = async ({
  service,
  config,
  withPool,
}: KeysOptions): Promise<{ readonly master_key: string; readonly services: Readonly<Record<string, KeyStatus>> }> => {
  const status: Record<string, KeyStatus> = {};
  for (const { name, sealed: columns = [] } of chosen(service))
    status[name] = await withPool(name, (pool) => keyStatus({ pool, columns }));
  return { master_key: masterKeysOf(config)[0].kid, services: status };
};

const chosen = (service: string | undefined): readonly ServiceDefinition[] => {
  const found = services.filter(({ name }) => service === undefined || name === service);
  if (found.length === 0) throw new Error(`There is no service ${service}.`);
  return found;
};
