import type { ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module';
import type { PostgresEventStore } from '#events/store/postgres-event-store';
import { BackgroundWork } from './background/background-work.ts';
import type { ServiceDatabase } from './database/database.ts';
import { ReadinessDetail } from './health/readiness-detail.ts';
import type { Call } from './http/endpoint.ts';
import { endpointsOf } from './http/endpoints-of.ts';
import type { IdempotencyStore } from './http/idempotency.ts';
import type { Route } from './http/run.ts';
import { DATABASE, EVENT_STORE, MASTER_KEY, SERVICE, type ServiceDescription } from './service.ts';
import { ServiceModule } from './service.module.ts';

/** A service loaded into this process: its description, its open resources, and its controllers. */
export interface LoadedService {
  readonly definition: ServiceDescription;
  readonly database: ServiceDatabase;
  readonly store: PostgresEventStore;
  readonly controllers: readonly object[];
  /** Its background work. */
  readonly work: readonly BackgroundWork[];
  /** What it tells in `/readyz`. */
  readonly details: readonly ReadinessDetail[];
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
          definition: service.getProviderByKey(SERVICE).instance as ServiceDescription,
          database,
          store,
          controllers: [...module.controllers.values()].map(({ instance }) => instance as object),
          work: providersOf(module, BackgroundWork),
          details: providersOf(module, ReadinessDetail),
          kept: { store, pool: database.pool, masterKey },
        };
      }),
  );
};

/** Providers of a module that extend a class. */
const providersOf = <T>({ providers }: Module, type: abstract new (...args: never[]) => T): T[] =>
  [...providers.values()].flatMap(({ instance }: { instance: unknown }) =>
    instance instanceof type ? [instance] : [],
  );

/** The methods of the services' controllers that carry `@Endpoint`. */
export const routesOf = (services: readonly LoadedService[]): Route[] =>
  services.flatMap(({ controllers, kept }) =>
    controllers.flatMap((controller) =>
      endpointsOf(Object.getPrototypeOf(controller) as object).map(({ method, contract }) => {
        const handler = (controller as Record<string, (call: Call) => unknown>)[method];
        if (handler === undefined) throw new Error(`${contract.operation} has no method ${method}`);
        return { contract, handle: handler.bind(controller), kept };
      }),
    ),
  );
