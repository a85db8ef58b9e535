import type { DynamicModule, Type } from '@nestjs/common';
import { SERVICE, type ServiceDefinition } from '#platform/service';
import { ServiceModule } from '#platform/service.module';
import type { TestDatabase } from './postgres.ts';
import { migratedDatabase } from './service-database.ts';

/** A migrated database for the services of these modules. */
export const freshModulesDatabase = (modules: readonly Type[]): Promise<TestDatabase> =>
  migratedDatabase(modules.flatMap(servicesOf));

/** The services that a module imports by `ServiceModule.forService`. */
const servicesOf = (module: Type): ServiceDefinition[] => {
  const imports = (Reflect.getMetadata('imports', module) ?? []) as readonly (Type | DynamicModule)[];
  return imports.flatMap((one) =>
    'module' in one && one.module === ServiceModule ? (one.providers ?? []).flatMap(definitionIn) : [],
  );
};

const definitionIn = (provider: NonNullable<DynamicModule['providers']>[number]): ServiceDefinition[] =>
  'provide' in provider && provider.provide === SERVICE && 'useValue' in provider
    ? [provider.useValue as ServiceDefinition]
    : [];
