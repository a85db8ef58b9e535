import type { DynamicModule } from '@nestjs/common';
import type { EventContract } from '#events/contract';
import type { Scope } from './auth/principal.ts';
import type { Feature } from './feature.ts';
import type { EndpointContract } from './http/endpoint.ts';

/** Parts of features that only the service's Nest module needs. */
type NestParts = 'controllers' | 'subscriptions' | 'providers' | 'work';

/** What makes a service. Everything that needs to know one (gateway, cluster, command line) reads it here. */
export interface ServiceDescription extends Required<Omit<Feature, NestParts>> {
  /** `licensing`: the name of its schema, its topic (`keyledger.licensing`) and its CloudEvents source. */
  readonly name: string;
  /** The events it publishes. */
  readonly publishes: readonly EventContract<never>[];
  /** The scopes that its routes ask for. A route of another service may ask for them too. */
  readonly scopes: readonly Scope[];
  /** Event types, or `*` patterns of them, that it is going to publish: a filter may name them in advance. */
  readonly announces: readonly string[];
  /** What its rules and routes refuse, by code. */
  readonly problems: ServiceProblems;
  /** The contracts of its routes. */
  readonly routes: readonly EndpointContract[];
  /**
   * Its tables are queues, which fill and empty faster than PostgreSQL counts their rows: a plan that suits one moment is wrong
   * in the next. So its statements are planned at each execution.
   */
  readonly has_queues: boolean;
}

/** A service as `defineService` puts it together: what makes it, with the Nest module that runs it. */
export interface ServiceDefinition extends ServiceDescription {
  readonly module: DynamicModule;
}

/** Problems by code, with what a caller can do about each. */
export type ServiceProblems = Readonly<Record<string, ServiceProblem>>;

export interface ServiceProblem {
  readonly status: number;
  readonly message: string;
  /** What a caller can do; left out, what helps with any problem of this status. */
  readonly remedy?: string;
}

/** Injection tokens, one set a service module. `EventStore`, `ServiceDatabase`, `MasterKey` are interfaces. */
export const EVENT_STORE = Symbol('EventStore');
export const DATABASE = Symbol('ServiceDatabase');
export const MASTER_KEY = Symbol('MasterKey');
export const SERVICE = Symbol('ServiceDefinition');

/** Injection tokens, one set a process. */
export const CONFIG = Symbol('Config');
export const LOGGER = Symbol('Logger');
export const METRICS = Symbol('Metrics');
/** Every `ServiceDefinition` of the product, whether it runs in this process or not. */
export const SERVICES = Symbol('ServiceDefinitions');
