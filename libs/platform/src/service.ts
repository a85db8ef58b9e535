import type { DynamicModule } from '@nestjs/common';
import type { EventContract } from '#events/contract';
import type { Scope } from './auth/principal.ts';
import type { Feature } from './feature.ts';
import type { EndpointContract } from './http/endpoint.ts';

/** Parts of features that only the service's Nest module needs. */
type NestParts = 'controllers' | 'subscriptions' | 'providers' | 'work';

/** The definition of a service. The gateway, the cluster and the command line read everything about a service here. */
export interface ServiceDescription extends Required<Omit<Feature, NestParts>> {
  /** `licensing`: the name of its schema, its topic (`keyledger.licensing`) and its CloudEvents source. */
  readonly name: string;
  /** The events it publishes. */
  readonly publishes: readonly EventContract<never>[];
  /** The scopes that its routes require. Routes of other services may require them too. */
  readonly scopes: readonly Scope[];
  /** Event types, or `*` patterns of them, that it will publish later: a filter may already name them. */
  readonly announces: readonly string[];
  /** The problems that its rules and routes answer, by code. */
  readonly problems: ServiceProblems;
  /** The contracts of its routes. */
  readonly routes: readonly EndpointContract[];
  /**
   * Its tables are queues, which fill and empty faster than PostgreSQL updates their row counts: a plan that is good now is
   * bad a moment later. So its statements are planned at each execution.
   */
  readonly has_queues: boolean;
  /** How many states of streams each process keeps in memory; undefined = the default of the event store. */
  readonly cached_streams?: number | undefined;
}

/** A service as `defineService` builds it: its definition and the Nest module that runs it. */
export interface ServiceDefinition extends ServiceDescription {
  readonly module: DynamicModule;
}

/** Problems by code, with what a caller can do about each. */
export type ServiceProblems = Readonly<Record<string, ServiceProblem>>;

export interface ServiceProblem {
  readonly status: number;
  readonly message: string;
  /** What a caller can do; by default, the general remedy for problems of this status. */
  readonly remedy?: string;
}

/** Injection tokens, one set per service module. `EventStore`, `ServiceDatabase`, `MasterKey` are interfaces. */
export const EVENT_STORE = Symbol('EventStore');
export const DATABASE = Symbol('ServiceDatabase');
export const MASTER_KEY = Symbol('MasterKey');
export const SERVICE = Symbol('ServiceDefinition');

/** Injection tokens, one set per process. */
export const CONFIG = Symbol('Config');
export const LOGGER = Symbol('Logger');
export const METRICS = Symbol('Metrics');
/** Every `ServiceDefinition` of the product, whether it runs in this process or not. */
export const SERVICES = Symbol('ServiceDefinitions');
