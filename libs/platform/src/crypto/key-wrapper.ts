import type { KeyWrapper } from '#events/store/personal';
import type { MasterKey } from './keys.ts';

/** Wraps the keys of people under the master key. */
export const keyWrapper = (masterKey: MasterKey): KeyWrapper => ({
  wrap: (key) => Buffer.from(masterKey.seal('person-key', key)),
  unwrap: (wrapped) => masterKey.open('person-key', Buffer.from(wrapped).toString()),
});
