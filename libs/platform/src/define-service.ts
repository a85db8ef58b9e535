import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import type { EventContract } from '#events/contract';
import type { Scope } from './auth/principal.ts';
import type { Config } from './config/config.ts';
import type { SettingsClass } from './config/setting.ts';
import type { MigrationClass } from './database/database.ts';
import type { Feature, FeatureParts } from './feature.ts';
import { endpointsOf } from './http/endpoints-of.ts';
import { CONFIG, type ServiceDefinition, type ServiceDescription, type ServiceProblems } from './service.ts';
import { ServiceModule } from './service.module.ts';

export interface ServiceOptions {
  readonly name: string;
  /** Creates the tables of its own features, as they were in the first release. */
  readonly initial?: MigrationClass;
  /** The features, in the order in which their projections run. */
  readonly features: readonly Feature[];
  readonly publishes?: readonly EventContract<never>[];
  readonly scopes?: readonly Scope[];
  readonly announces?: readonly string[];
  readonly problems?: ServiceProblems;
  readonly has_queues?: boolean;
  readonly cached_streams?: number;
}

/** Builds a service from its features: everything else about the service derives from this description. */
export const defineService = (options: ServiceOptions): ServiceDefinition => {
  const { name, initial, features, publishes = [], scopes = [], announces = [] } = options;
  const { problems = {}, has_queues = false, cached_streams } = options;
  const all = <Part extends keyof FeatureParts>(part: Part): FeatureParts[Part][] =>
    features.flatMap((feature): readonly FeatureParts[Part][] => feature[part] ?? []);
  const controllers = all('controllers');
  const definition = {
    name,
    publishes,
    scopes,
    announces,
    problems,
    has_queues,
    cached_streams,
    settings: all('settings'),
    migrations: [...(initial === undefined ? [] : [initial]), ...all('migrations')],
    tables: all('tables'),
    streams: all('streams'),
    projections: all('projections'),
    subscribed: all('subscribed'),
    snapshots: all('snapshots'),
    sealed: all('sealed'),
    routes: controllers.flatMap(({ prototype }) => endpointsOf(prototype as object).map(({ contract }) => contract)),
  };
  const module = moduleOf(definition, {
    controllers: [...controllers, ...all('subscriptions')],
    providers: [...definition.settings.map(providedSettings), ...all('providers'), ...all('work')],
  });
  return { ...definition, module };
};

/** Settings that `loadConfig` has read. */
const providedSettings = (settings: SettingsClass): Provider => ({
  provide: settings,
  inject: [CONFIG],
  useFactory: (config: Config) => config.settingsOf(settings),
});

/** Creates a separate class for each service, since Nest distinguishes modules by their class. */
const moduleOf = (
  definition: ServiceDescription,
  parts: Pick<DynamicModule, 'controllers' | 'providers'>,
): DynamicModule => {
  @Module({})
  class NamedModule {}
  Object.defineProperty(NamedModule, 'name', { value: `${definition.name}Module` });
  return { module: NamedModule, imports: [ServiceModule.forService(definition)], ...parts };
};
