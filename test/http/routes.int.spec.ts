import { ROUTES } from '../../apps/gateway/src/routing/routes.ts';
import { BillingModule } from '../../apps/billing/src/billing.module.ts';
import { GatewayModule } from '../../apps/gateway/src/gateway.module.ts';
import { LicensingModule } from '../../apps/licensing/src/licensing.module.ts';
import { ReleasesModule } from '../../apps/releases/src/releases.module.ts';
import { WebhooksModule } from '../../apps/webhooks/src/webhooks.module.ts';
import { startApp } from '../support/app.ts';

const SERVICES = {
  licensing: LicensingModule,
  billing: BillingModule,
  releases: ReleasesModule,
  webhooks: WebhooksModule,
};

/** The paths that a process with these modules alone serves. */
const served = async (modules: Parameters<typeof startApp>[0]['modules']): Promise<string[]> => {
  const app = await startApp({ modules });
  try {
    const { body } = await app.call('GET', '/openapi.json');
    return Object.keys((body as { paths: object }).paths);
  } finally {
    await app.close();
  }
};

const serviceOf = (path: string): string | undefined =>
  Object.entries(ROUTES)
    .filter(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))
    .sort(([a], [b]) => b.length - a.length)[0]?.[1];

/** One process and a cluster answer to the same addresses. */
describe('the gateway’s table of routes', () => {
  it('leads to every route of every service, and to nothing else', async () => {
    const own = await served([GatewayModule]);
    expect(own.map(serviceOf).filter((service) => service !== undefined)).toEqual([]);
    const reached = new Set<string>();
    for (const [service, module] of Object.entries(SERVICES)) {
      const paths = (await served([GatewayModule, module])).filter((path) => !own.includes(path));
      for (const path of paths) expect({ path, service: serviceOf(path) }).toEqual({ path, service });
      for (const path of paths)
        for (const prefix of Object.keys(ROUTES))
          if (path === prefix || path.startsWith(`${prefix}/`)) reached.add(prefix);
    }
    expect(Object.keys(ROUTES).filter((prefix) => !reached.has(prefix))).toEqual([]);
  });
});
