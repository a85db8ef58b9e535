import type { Provider, Type } from '@nestjs/common';
import type { EntitySchema } from 'typeorm';
import type { AnyStreamType } from '#events/decider';
import type { Projection, Snapshot } from '#events/store';
import type { SettingsClass } from './config/setting.ts';
import type { SealedColumn } from './crypto/sealed-column.ts';
import type { MigrationClass } from './database/database.ts';

/** The parts of a service, each with the type of one element. */
export interface FeatureParts {
  /** Classes of settings (`@Setting`) that it reads from the environment. Its providers get them injected by class. */
  readonly settings: SettingsClass;
  /** Changes of its tables since the first release, and the tables of a platform feature themselves (TypeORM migrations). */
  readonly migrations: MigrationClass;
  /** Its tables (`defineTable`). */
  readonly tables: EntitySchema;
  /** Its stream types, so that generic readers (history, rebuild, follow) can upcast and decrypt their events. */
  readonly streams: AnyStreamType;
  /** Projections that run in the transaction that appends. */
  readonly projections: Projection;
  /** Projections of other services' events, which the subscriptions below feed. */
  readonly subscribed: SubscribedProjection;
  /** Streams that are too long to fold: their states are read from the projections. */
  readonly snapshots: Snapshot;
  /** Columns with sealed values, which are sealed again when the master key rotates. */
  readonly sealed: SealedColumn;
  /** Classes whose methods carry `@Endpoint`. */
  readonly controllers: Type;
  /** Classes whose methods carry `@Subscribe`. */
  readonly subscriptions: Type;
  readonly providers: Provider;
  /** Providers that run without a request or an event: on a schedule, or when something is due. */
  readonly work: Type;
}

/**
 * The part that one business folder adds to its service. Each folder exports one from its `feature.ts`; the service's module
 * lists them (`defineService`).
 */
export type Feature = { readonly [Part in keyof FeatureParts]?: readonly FeatureParts[Part][] };

/** A projection of other services' events, which a `@Subscribe` of the same name and sources feeds. */
export interface SubscribedProjection {
  readonly projection: Projection;
  /** Name of the subscription that feeds it. */
  readonly subscription: string;
  readonly sources: readonly string[];
}
