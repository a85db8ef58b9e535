import pg from 'pg';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { type Reply, startApp, type TestApp } from '../support/app.ts';

export type Fields = Record<string, unknown>;

/** A merchant whose licenses have quotas. */
export interface UsageWorld {
  readonly app: TestApp;
  readonly product: string;
  /** A license with its own plan, which has these entitlements; they are quotas unless they say otherwise. */
  issue(...entitlements: Fields[]): Promise<Fields>;
  /** Calls with the license's key and without any other credential. */
  keyed(path: string, license: Fields, body: Fields, headers?: Record<string, string>): Promise<Reply>;
  /** Uses of the feature `calls`. */
  use(license: Fields, quantity?: number, over?: Fields, headers?: Record<string, string>): Promise<Reply>;
  /** Calls an administrator's route of the license. */
  on(license: Fields, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** The number of events of a type about the license's usage. */
  told(license: Fields, type: string): Promise<number>;
  close(): Promise<void>;
}

export const startUsageWorld = async (): Promise<UsageWorld> => {
  const app = await startApp({ services: [gatewayService, licensingService] });
  const pool = new pg.Pool({ connectionString: app.databaseUrl, options: '-c search_path=licensing', max: 2 });
  let count = 0;
  const product = String(
    (await app.create('/admin/products', { name: 'Cloud', slug: 'cloud', type: 'desktop' }))['id'],
  );
  const keyed: UsageWorld['keyed'] = (path, { license_key }, body, headers = {}) =>
    app.call('POST', path, { license_key, ...body }, { authorization: undefined, ...headers });
  return {
    app,
    product,
    issue: async (...entitlements) => {
      const slug = `plan-${++count}`;
      const shape = { product_id: product, name: slug, slug, license_type: 'perpetual', license_model: 'standard' };
      const plan = await app.create('/admin/plans', shape);
      for (const one of entitlements)
        await app.create(`/admin/plans/${String(plan['id'])}/entitlements`, { value_type: 'quota', ...one });
      return app.create('/admin/licenses', {
        product_id: product,
        plan_id: plan['id'],
        email: `u${count}@example.com`,
      });
    },
    keyed,
    use: (license, quantity = 1, over = {}, headers = {}) =>
      keyed('/license/usage', license, { feature: 'calls', quantity, ...over }, headers),
    on: (license, method, path, body, headers) =>
      app.call(method, `/admin/licenses/${String(license['id'])}${path}`, body, headers),
    told: async (license, type) => {
      const { rows } = await pool.query<{ n: number }>(
        'select count(*)::int as n from events where stream_id like $1 and type = $2',
        [`${String(license['id'])}/usage/%`, type],
      );
      return rows[0]?.n ?? 0;
    },
    close: async () => {
      await pool.end();
      await app.close();
    },
  };
};
