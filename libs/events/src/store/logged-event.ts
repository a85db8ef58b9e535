import type { EventMetadata } from '../event.ts';
import type { EventData } from './upcast.ts';

/** Columns of a {@link LoggedEvent}, for SELECT. */
export const LOGGED_COLUMNS = 'position, id, stream_id, version, type, schema_version, data, metadata, recorded_at';

/** A row of `events` as pg returns it: not upcast, personal fields encrypted, `position` a bigint in decimal. */
export interface LoggedEvent {
  readonly position: string;
  readonly id: string;
  readonly stream_id: string;
  readonly version: number;
  readonly type: string;
  readonly schema_version: number;
  readonly data: EventData;
  readonly metadata: EventMetadata;
  readonly recorded_at: Date;
}
