import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { type Reply, startApp, type TestApp } from '../support/app.ts';

export type Fields = Record<string, unknown>;

/** Licensing and the gateway, with a product and a plan to issue licenses of. */
export interface Licensing extends TestApp {
  readonly product: Fields;
  readonly plan: Fields;
  /** A plan of the product: perpetual and of the standard model, unless the fields say otherwise. */
  newPlan(over?: Fields): Promise<Fields>;
  /** A license of the plan for a new customer, unless the fields say otherwise. */
  issue(over?: Fields): Promise<Fields>;
  /** Calls as an app does: with only the license key. */
  ask(path: string, body: Fields | string, of?: TestApp): Promise<Reply>;
  activate(license: Fields, identifier: string, of?: TestApp): Promise<Reply>;
  /** @returns the verdict */
  verify(license: Fields, over?: Fields): Promise<Fields>;
  admin(license: Fields, action: string, body?: Fields): Promise<Reply>;
}

export const SERVICES = [gatewayService, licensingService];

export const startLicensing = async (over: { product?: Fields; plan?: Fields } = {}): Promise<Licensing> => {
  const app = await startApp({ services: SERVICES });
  const named = { name: 'Studio', slug: 'studio', type: 'desktop', key_prefix: 'ACME' };
  const product = await app.create('/admin/products', { ...named, ...over.product });
  let count = 0;
  const newPlan = (fields: Fields = {}): Promise<Fields> => {
    const shape = { name: 'Plan', slug: `plan-${++count}`, license_type: 'perpetual', license_model: 'standard' };
    return app.create('/admin/plans', { product_id: product['id'], ...shape, ...fields });
  };
  const plan = await newPlan(over.plan);
  const ask: Licensing['ask'] = (path, body, of = app) =>
    of.call('POST', `/license/${path}`, body, { authorization: undefined });
  return {
    ...app,
    product,
    plan,
    newPlan,
    issue: (fields = {}) => {
      const email = `user${++count}@example.com`;
      return app.create('/admin/licenses', { product_id: product['id'], plan_id: plan['id'], email, ...fields });
    },
    ask,
    activate: ({ license_key }, identifier, of) => ask('activate', { license_key, identifier }, of),
    verify: async ({ license_key }, fields = {}) => {
      const { status, body } = await ask('verify', { license_key, identifier: 'device', ...fields });
      if (status !== 200) throw new Error(`verify: ${status} ${JSON.stringify(body)}`);
      return body as Fields;
    },
    admin: (license, action, body = {}) => app.call('POST', `/admin/licenses/${String(license['id'])}/${action}`, body),
  };
};
