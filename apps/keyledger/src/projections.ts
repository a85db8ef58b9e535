import type { Pool } from 'pg';
import { rebuildSubscribed } from '#events/projection/rebuild-subscribed';
import { rebuild } from '#events/projection/rebuild';
import type { Projection } from '#events/store';
import { PostgresEventStore } from '#events/store/postgres-event-store';
import type { Config } from '#platform/config/config';
import { openKeyRing } from '#platform/crypto/key-ring';
import { keyWrapper } from '#platform/crypto/key-wrapper';
import { masterKeysOf } from '#platform/crypto/master-keys';
import { openEventSource } from '#platform/event-source';
import type { SubscribedProjection } from '#platform/feature';
import type { ServiceDefinition } from '#platform/service';
import { contracts, services } from './services.ts';

/** A projection of a service: of its own events, or, by a subscription, of other services'. */
interface Found {
  readonly service: ServiceDefinition;
  readonly projection: Projection;
  readonly subscribed?: SubscribedProjection;
}

const all: readonly Found[] = services.flatMap((service) => [
  ...service.projections.map((projection) => ({ service, projection })),
  ...service.subscribed.map((subscribed) => ({ service, projection: subscribed.projection, subscribed })),
]);

/** A projection that can be rebuilt, and the services whose events it reads. */
export const listProjections = (): readonly object[] =>
  all.map(({ service, projection: { name, tables, types }, subscribed }) => ({
    service: service.name,
    projection: name,
    of: subscribed?.sources ?? [service.name],
    tables,
    types,
  }));

/** @throws when there is none of that name, or several and no service is named */
export const findProjection = (name: string, service?: string): Found => {
  const [found, ...others] = all.filter(
    (one) => one.projection.name === name && (service === undefined || one.service.name === service),
  );
  if (found === undefined) throw new Error(`There is no projection ${name}: see keyledger projections list.`);
  if (others.length > 0) throw new Error(`Several services have a projection ${name}: say which with --service.`);
  return found;
};

export interface RebuildFoundOptions {
  readonly found: Found;
  /** Connections whose `search_path` is the service's schema. */
  readonly pool: Pool;
  readonly config: Config;
  /** Receives progress messages for the operator. */
  readonly tell: (message: string) => void;
}

/** Rebuilds into new tables while the live ones stay in use, then swaps them. @returns the number of projected events */
export const rebuildFound = ({ found, ...options }: RebuildFoundOptions): Promise<number> =>
  found.subscribed === undefined
    ? rebuildOwn(found, options)
    : rebuildFromOthers(found.service.name, found.subscribed, options);

type Options = Omit<RebuildFoundOptions, 'found'>;

const rebuildOwn = async ({ service, projection }: Found, { pool, config, tell }: Options): Promise<number> => {
  const onError = (error: unknown): void => tell(`keys: ${String(error)}`);
  const ring = await openKeyRing({ pool, schema: service.name, masters: masterKeysOf(config), onError });
  const store = await PostgresEventStore.open({
    pool,
    schema: service.name,
    streams: service.streams,
    projections: service.projections,
    keys: keyWrapper(ring),
  });
  try {
    const onProgress = (events: number, position: number): void =>
      tell(`${events} events projected, up to position ${position}`);
    return await rebuild({ pool, schema: service.name, store, projection, onProgress });
  } finally {
    await store.close();
    await ring.close();
  }
};

const rebuildFromOthers = async (
  subscriber: string,
  { projection, subscription, sources }: SubscribedProjection,
  { pool, config, tell }: Options,
): Promise<number> => {
  const onError = (error: unknown, what: string): void => tell(`${what}: ${String(error)}`);
  const from = { subscriber, pool, subscription, contracts, brokers: config.kafka_brokers, onError };
  const opened = sources.map((service) => openEventSource({ ...from, service, types: projection.types, anew: true }));
  try {
    const onProgress = (events: number): void => tell(`${events} events projected`);
    return await rebuildSubscribed({
      pool,
      schema: subscriber,
      projection,
      subscription,
      sources: opened,
      onProgress,
    });
  } finally {
    await Promise.all(opened.map((source) => source.close()));
  }
};
