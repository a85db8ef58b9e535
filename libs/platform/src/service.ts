import type { EventContract } from '#events/contract';
import type { AnyStreamType } from '#events/decider';
import type { Projection, Snapshot } from '#events/store';
import type { SealedColumn } from './crypto/sealed-column.ts';
import type { EntityClass, MigrationClass } from './database/database.ts';

/** What makes a service: given to `ServiceModule.forService`, which provides the tokens below to the app's module. */
export interface ServiceDefinition {
  /** `licensing`: the name of its schema, its topic (`keyledger.licensing`) and its CloudEvents source. */
  readonly name: string;
  readonly entities: readonly EntityClass[];
  /** TypeORM migrations of the read tables; the event store's own tables come with libs/events. */
  readonly migrations: readonly MigrationClass[];
  /** Every stream type of the service, so that generic readers (history, rebuild, follow) can upcast and decrypt. */
  readonly streams: readonly AnyStreamType[];
  /** Projected in the transaction that appends. */
  readonly projections: readonly Projection[];
  /** Projected from other services' events, by subscriptions of this one. */
  readonly subscribed?: readonly SubscribedProjection[];
  /** Streams that are too long to be folded: their states as those projections keep them. */
  readonly snapshots?: readonly Snapshot[];
  /**
   * Its tables are queues, which fill and empty faster than PostgreSQL counts their rows: a plan that is kept for one moment is
   * wrong in the next. So its statements are planned each time.
   */
  readonly has_queues?: boolean;
  /** Columns of its tables that it seals, so that they can be sealed anew when the master key rotates. */
  readonly sealed?: readonly SealedColumn[];
  /** The events it publishes. */
  readonly contracts: readonly EventContract<never>[];
}

/** A projection of other services' events, which a `@Subscribe` of the same name and sources feeds. */
export interface SubscribedProjection {
  readonly projection: Projection;
  /** Name of the subscription that feeds it. */
  readonly subscription: string;
  readonly sources: readonly string[];
}

/** Injection tokens, one set a service module. `EventStore`, `ServiceDatabase`, `MasterKey`, `Config` are interfaces. */
export const EVENT_STORE = Symbol('EventStore');
export const DATABASE = Symbol('ServiceDatabase');
export const MASTER_KEY = Symbol('MasterKey');
export const CONFIG = Symbol('Config');
export const LOGGER = Symbol('Logger');
export const METRICS = Symbol('Metrics');
export const SERVICE = Symbol('ServiceDefinition');
