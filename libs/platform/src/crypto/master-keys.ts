import type { Config } from '../config/config.ts';
import type { RootKey } from './keys.ts';
import { createMasterKey } from './master-key.ts';

/** The current master key, and the previous ones under which values may still be sealed. */
export type MasterKeys = readonly [present: RootKey, ...previous: RootKey[]];

export const masterKeysOf = (config: Pick<Config, 'master_key' | 'previous_master_keys'>): MasterKeys => [
  createMasterKey(config.master_key),
  ...config.previous_master_keys.map(createMasterKey),
];
