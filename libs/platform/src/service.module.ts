import { type DynamicModule, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { PostgresEventStore } from '#events/store/postgres-event-store';
import { keyWrapper } from './crypto/key-wrapper.ts';
import type { Config } from './config/config.ts';
import { type KeyRing, openKeyRing } from './crypto/key-ring.ts';
import type { MasterKey } from './crypto/keys.ts';
import { masterKeysOf } from './crypto/master-keys.ts';
import type { ServiceDatabase } from './database/database.ts';
import { openDatabase } from './database/open.ts';
import {
  CONFIG,
  DATABASE,
  EVENT_STORE,
  LOGGER,
  MASTER_KEY,
  METRICS,
  SERVICE,
  type ServiceDescription,
} from './service.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';

/** Closes what the module opened, the store before the pool, after everything that uses them has stopped. */
@Injectable()
class ServiceShutdown implements OnApplicationShutdown {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(EVENT_STORE) private readonly store: PostgresEventStore,
    @Inject(MASTER_KEY) private readonly keys: KeyRing,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
    await this.keys.close();
    await this.database.orm.destroy();
  }
}

/** A service's database and event store: `defineService` imports one for each service. */
@Module({})
export class ServiceModule {
  static forService(definition: ServiceDescription): DynamicModule {
    return {
      module: ServiceModule,
      providers: [
        { provide: SERVICE, useValue: definition },
        {
          provide: DATABASE,
          inject: [CONFIG, LOGGER],
          useFactory: (config: Config, logger: Logger) => database(definition, config, logger),
        },
        {
          provide: MASTER_KEY,
          inject: [DATABASE, CONFIG, LOGGER],
          useFactory: (db: ServiceDatabase, config: Config, logger: Logger) =>
            openKeyRing({
              pool: db.pool,
              schema: definition.name,
              masters: masterKeysOf(config),
              onError: (error) => logger.warn({ err: error, service: definition.name }, 'keys could not be read again'),
            }),
        },
        {
          provide: EVENT_STORE,
          inject: [DATABASE, MASTER_KEY, LOGGER, METRICS],
          useFactory: (db: ServiceDatabase, masterKey: MasterKey, logger: Logger, metrics: Metrics) =>
            eventStore(definition, db, masterKey, logger, metrics),
        },
        ServiceShutdown,
      ],
      exports: [SERVICE, DATABASE, MASTER_KEY, EVENT_STORE],
    };
  }
}

const database = (definition: ServiceDescription, config: Config, logger: Logger): Promise<ServiceDatabase> => {
  if (config.database_url === undefined)
    throw new Error('DATABASE_URL is not set, and no embedded PostgreSQL was started');
  return openDatabase({
    url: config.database_url,
    migrationUrl: config.migration_database_url,
    schema: definition.name,
    entities: definition.tables,
    migrations: definition.migrations,
    planAlways: definition.has_queues,
    onError: (error) => logger.warn({ err: error, service: definition.name }, 'an idle database connection was lost'),
  });
};

const eventStore = (
  { name, streams, projections, snapshots, cached_streams }: ServiceDescription,
  { pool }: ServiceDatabase,
  masterKey: MasterKey,
  logger: Logger,
  metrics: Metrics,
): Promise<PostgresEventStore> =>
  PostgresEventStore.open({
    pool,
    schema: name,
    streams,
    projections,
    snapshots,
    ...(cached_streams === undefined ? {} : { cachedStreams: cached_streams }),
    keys: keyWrapper(masterKey),
    observe: {
      flushed: (events) => {
        metrics.appended.inc({ service: name }, events);
        metrics.flushes.inc({ service: name });
      },
      conflict: () => metrics.conflicts.inc({ service: name }),
      error: (error) => logger.warn({ err: error, service: name }, 'the log could not be followed'),
    },
  });
