import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { LicenseClient, type LicenseClientOptions } from '@keyledger/client';
import { startApp, type TestApp } from '../support/app.ts';
import { migratedDatabase } from '../support/service-database.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A merchant with its own server, which can be stopped and started again at the same address. */
export interface Merchant {
  readonly url: string;
  readonly product: string;
  readonly pem: string;
  /** Creates a plan. @returns its id */
  plan(over?: Fields): Promise<string>;
  /** Issues a license. */
  license(plan: string, over?: Fields): Promise<{ id: string; key: string }>;
  admin(method: string, path: string, body?: Fields): Promise<Fields>;
  client(options?: Partial<LicenseClientOptions>): LicenseClient;
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** @param over fields of the product */
export const openMerchant = async (over: Fields = {}): Promise<Merchant> => {
  const services = [gatewayService, licensingService];
  const database = await migratedDatabase(services);
  let app: TestApp | undefined = await startApp({ services, databaseUrl: database.url });
  const { url } = app;
  const { port } = new URL(url);
  let count = 0;

  const admin = async (method: string, path: string, body?: Fields): Promise<Fields> => {
    const reply = await (app as TestApp).call(method, path, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body as Fields;
  };
  const { id: product } = await admin('POST', '/admin/products', {
    name: 'Studio',
    slug: 'studio',
    type: 'desktop',
    ...over,
  });
  const pem = await fetch(`${url}/.well-known/keyledger.pem`).then((answer) => answer.text());
  return {
    url,
    pem,
    product: String(product),
    admin,
    plan: async (terms = {}) => {
      const name = `plan-${++count}`;
      const fields = { product_id: product, name, slug: name, license_type: 'perpetual', license_model: 'standard' };
      return String((await admin('POST', '/admin/plans', { ...fields, ...terms }))['id']);
    },
    license: async (plan_id, terms = {}) => {
      const email = `customer${++count}@example.com`;
      const license = await admin('POST', '/admin/licenses', { product_id: product, plan_id, email, ...terms });
      return { id: String(license['id']), key: String(license['license_key']) };
    },
    client: (options = {}) =>
      new LicenseClient({
        url,
        product: String(product),
        publicKeys: [pem],
        identifier: 'workstation-7',
        timeoutMs: 20_000,
        onError: (error) => {
          throw error;
        },
        ...options,
      }),
    stop: async () => {
      await app?.close();
      app = undefined;
    },
    start: async () => {
      app = await startApp({ services, databaseUrl: database.url, env: { PORT: port } });
    },
    close: async () => {
      await app?.close();
      await database.drop();
    },
  };
};
