import { prefixesOf } from '../../apps/gateway/src/routing/routes.ts';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import type { ServiceDefinition } from '#platform/service';
import { startApp } from '../support/app.ts';
import { services } from '../support/product.ts';

/** The paths that a process with only these services serves. */
const served = async (running: readonly ServiceDefinition[]): Promise<string[]> => {
  const app = await startApp({ services: running, product: services });
  try {
    const { body } = await app.call('GET', '/openapi.json');
    return Object.keys((body as { paths: object }).paths);
  } finally {
    await app.close();
  }
};

const behindGateway = services.filter((service) => service !== gatewayService);
const prefixes = prefixesOf(behindGateway);

const serviceOf = (path: string): string | undefined =>
  prefixes
    .filter(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`))
    .sort((a, b) => b.prefix.length - a.prefix.length)[0]?.service;

/** One process and a cluster answer to the same paths. */
describe('the prefixes by which the gateway routes', () => {
  it('route to every route of every service, and never to another service', async () => {
    const own = await served([gatewayService]);
    expect(own.map(serviceOf).filter((service) => service !== undefined)).toEqual([]);
    for (const service of behindGateway) {
      const paths = (await served([gatewayService, service])).filter((path) => !own.includes(path));
      for (const path of paths) expect({ path, service: serviceOf(path) }).toEqual({ path, service: service.name });
    }
  });

  it('each belong to one service', () => {
    const all = prefixes.map(({ prefix }) => prefix);
    expect(new Set(all).size).toBe(all.length);
  });
});
