import type { MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module';
import type { PostgresEventStore } from '#events/store/postgres-event-store';
import { BackgroundWork } from './background/background-work.ts';
import type { ServiceDatabase } from './database/database.ts';
import { type Call, ENDPOINT, type EndpointContract } from './http/endpoint.ts';
import type { IdempotencyStore } from './http/idempotency.ts';
import type { Route } from './http/run.ts';
import { DATABASE, EVENT_STORE, MASTER_KEY, SERVICE, type ServiceDefinition } from './service.ts';
import { ServiceModule } from './service.module.ts';

/** A service as it was loaded into this process: what it is made of, and the controllers of the module that imports it. */
export interface LoadedService {
  readonly definition: ServiceDefinition;
  readonly database: ServiceDatabase;
  readonly store: PostgresEventStore;
  readonly controllers: readonly object[];
  /** What it does by itself. */
  readonly work: readonly BackgroundWork[];
  readonly kept: IdempotencyStore;
}

/** Every module that imports `ServiceModule.forService` is a service. */
export const loadedServices = (modules: ModulesContainer): LoadedService[] => {
  const all = [...modules.values()];
  return all.flatMap((module) =>
    [...module.imports]
      .filter(({ metatype }) => metatype === ServiceModule)
      .map((service) => {
        const database = service.getProviderByKey(DATABASE).instance as ServiceDatabase;
        const store = service.getProviderByKey(EVENT_STORE).instance as PostgresEventStore;
        const masterKey = service.getProviderByKey(MASTER_KEY).instance as IdempotencyStore['masterKey'];
        return {
          definition: service.getProviderByKey(SERVICE).instance as ServiceDefinition,
          database,
          store,
          controllers: [...module.controllers.values()].map(({ instance }) => instance as object),
          work: workOf(module),
          kept: { store, pool: database.pool, masterKey },
        };
      }),
  );
};

/** Providers of a module that are background work. */
const workOf = ({ providers }: Module): BackgroundWork[] =>
  [...providers.values()].flatMap(({ instance }) => (instance instanceof BackgroundWork ? [instance] : []));

/** The methods of a service's controllers that carry `@Endpoint`. */
export const routesOf = (services: readonly LoadedService[], scanner: MetadataScanner): Route[] =>
  services.flatMap(({ controllers, kept }) =>
    controllers.flatMap((controller) => {
      const methods = controller as Record<string, (call: Call) => unknown>;
      return scanner.getAllMethodNames(Object.getPrototypeOf(controller) as object).flatMap((name) => {
        const method = methods[name];
        const contract = method && (Reflect.getMetadata(ENDPOINT, method) as EndpointContract | undefined);
        return contract === undefined || method === undefined
          ? []
          : [{ contract, handle: method.bind(controller), kept }];
      });
    }),
  );
