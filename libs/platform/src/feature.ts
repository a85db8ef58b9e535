import type { Provider, Type } from '@nestjs/common';
import type { EntitySchema } from 'typeorm';
import type { AnyStreamType } from '#events/decider';
import type { Projection, Snapshot } from '#events/store';
import type { SettingsClass } from './config/setting.ts';
import type { SealedColumn } from './crypto/sealed-column.ts';
import type { MigrationClass } from './database/database.ts';

/** What a service is made of: for each part, what one element of it is. */
export interface FeatureParts {
  /** Classes of settings (`@Setting`) that it reads from the environment; its providers have them injected by class. */
  readonly settings: SettingsClass;
  /** Changes of its tables since the first release, and a platform feature's tables themselves (TypeORM migrations). */
  readonly migrations: MigrationClass;
  /** Its tables (`defineTable`). */
  readonly tables: EntitySchema;
  /** Its stream types, so that generic readers (history, rebuild, follow) can upcast and decrypt their events. */
  readonly streams: AnyStreamType;
  /** Projected in the transaction that appends. */
  readonly projections: Projection;
  /** Projected from other services' events, by the subscriptions below. */
  readonly subscribed: SubscribedProjection;
  /** Streams that are too long to be folded: their states as the projections keep them. */
  readonly snapshots: Snapshot;
  /** Columns that it seals, so that they can be sealed again when the master key rotates. */
  readonly sealed: SealedColumn;
  /** Classes whose methods carry `@Endpoint`. */
  readonly controllers: Type;
  /** Classes whose methods carry `@Subscribe`. */
  readonly subscriptions: Type;
  readonly providers: Provider;
  /** Providers that work by themselves, without a request or an event: at a time, or when something is due. */
  readonly work: Type;
}

/**
 * What one folder of the business adds to its service. Each folder exports one from its `feature.ts`; the service's module
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
