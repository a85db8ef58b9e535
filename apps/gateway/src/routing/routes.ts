import { addressOf } from '#platform/http/register';
import type { ServiceDescription } from '#platform/service';

/** The properties of a service that routing needs. */
export type RoutedService = Pick<ServiceDescription, 'name' | 'routes'>;

/** Addresses that belong to a service: every path at and below a prefix. */
export interface ServicePrefix {
  readonly prefix: string;
  readonly service: string;
}

/**
 * The prefixes at which each service answers: its routes up to their first parameter, without those below another one of the
 * service. A request goes to the service with the longest prefix of its path, whatever the method: the service knows what it
 * answers, so a gateway that is older than the service still forwards to a new route below a known prefix.
 */
export const prefixesOf = (services: readonly RoutedService[]): readonly ServicePrefix[] =>
  services.flatMap(({ name, routes }) => {
    const prefixes = [...new Set(routes.map((route) => beforeParameters(addressOf(route))))];
    return prefixes
      .filter((prefix) => !prefixes.some((other) => prefix.startsWith(`${other}/`)))
      .map((prefix) => ({ prefix, service: name }));
  });

const beforeParameters = (address: string): string => address.replace(/\/:.*$/, '');

/** The maximum body size of routes with one of their own (files, raw bodies), in bytes, by their address. */
export const bodyLimits = (services: readonly RoutedService[]): ReadonlyMap<string, number> =>
  new Map(
    services.flatMap(({ routes }) =>
      routes.flatMap((route) => {
        const limit = route.upload_limit ?? route.raw_limit;
        return limit === undefined ? [] : [[addressOf(route), limit] as const];
      }),
    ),
  );
