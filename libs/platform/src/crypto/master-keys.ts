import type { Config } from '../config/config.ts';
import type { RootKey } from './keys.ts';
import { createMasterKey } from './master-key.ts';

/** The present master key, and those before it under which something may still be sealed. */
export type MasterKeys = readonly [present: RootKey, ...previous: RootKey[]];

export const masterKeysOf = (config: Pick<Config, 'master_key' | 'previous_master_keys'>): MasterKeys => [
  createMasterKey(config.master_key),
  ...config.previous_master_keys.map(createMasterKey),
];
