import { type EventStore, StaleVersionError } from '#events/store';
import type { AnyStreamType } from '#events/decider';
import type { EventMetadata } from '#events/event';

/** By whom something is changed that consists of several streams, and the versions of its main stream that `If-Match` names. */
export interface Changing {
  readonly metadata: EventMetadata;
  /** undefined = any. */
  readonly if_match?: readonly number[] | undefined;
}

/** The option of `EventStore.handle` for the first command on the main stream. */
export const expecting = (if_match: readonly number[] | undefined): { readonly expectedVersion?: readonly number[] } =>
  if_match === undefined ? {} : { expectedVersion: if_match };

/**
 * Refuses a stale `If-Match` before other streams are written.
 * @throws StaleVersionError
 */
export const assertMatches = async (
  store: EventStore,
  type: AnyStreamType,
  id: string,
  if_match: readonly number[] | undefined,
): Promise<void> => {
  if (if_match === undefined) return;
  const { version } = await store.load(type, id);
  if (!if_match.includes(version)) throw new StaleVersionError(id, if_match, version);
};
