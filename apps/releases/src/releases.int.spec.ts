import { contracts } from '../../../test/support/product.ts';
import { newId } from '#domain/shared/id';
import { type ProductChanges, type ProductEvent } from '#domain/licensing/product/product';
import { recordedFrom } from '#events/projection/recorded';
import { contractsByType, readPublished } from '#events/publish';
import { inTransaction } from '#events/subscription/transaction';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { eventually, startApp, type TestApp } from '../../../test/support/app.ts';
import { LicensingLog, licensingStandIn } from '../../../test/support/licensing-log.ts';
import { releasesService } from './releases.module.ts';
import { productsProjection } from './products/products.subscription.ts';

const created = (product_id: string): ProductEvent => ({
  type: 'product.created',
  product_id,
  product_type: 'desktop',
  name: 'Editor',
  slug: 'editor',
  minimum_supported_version: null,
  minimum_supported_message: null,
  require_signing: true,
  key_format: 'random',
  key_prefix: null,
  allow_multiple_subscriptions: false,
});
const updated = (product_id: string, changes: ProductChanges): ProductEvent => ({
  type: 'product.updated',
  product_id,
  changes,
});

describe('the products in releases', () => {
  let app: TestApp;
  let licensing: LicensingLog;
  let database: ServiceDatabase;

  beforeAll(async () => {
    app = await startApp({ services: [licensingStandIn, releasesService] });
    licensing = app.app.nest.get(LicensingLog);
    database = app.app.nest.select(releasesService.module).get<ServiceDatabase>(DATABASE, { strict: false });
  });
  afterAll(() => app.close());

  const row = async (id: string): Promise<Record<string, unknown> | undefined> =>
    (await database.pool.query<Record<string, unknown>>('select * from releases.products where id = $1', [id])).rows[0];

  it('follow those of licensing, including an explicit false', async () => {
    const id = newId('prod');
    await licensing.append(id, created(id));
    await licensing.append(id, updated(id, { name: 'Studio' }));
    await licensing.append(id, updated(id, { require_signing: false, minimum_supported_version: '2.0.0' }));
    const product = await eventually(async () => {
      const found = await row(id);
      return found?.['version'] === 3 ? found : undefined;
    });
    expect(product).toEqual({
      id,
      version: 3,
      name: 'Studio',
      slug: 'editor',
      product_type: 'desktop',
      require_signing: false,
    });
  });

  it('are the same when events are delivered again', async () => {
    const id = newId('prod');
    await licensing.append(id, created(id));
    await licensing.append(id, updated(id, { slug: 'studio' }));
    const before = await eventually(async () => {
      const found = await row(id);
      return found?.['version'] === 2 ? found : undefined;
    });
    const { events } = await readPublished(database.pool, 'licensing', contractsByType(contracts), {
      after: 0,
      limit: 1_000,
    });
    expect(events.map(({ subject }) => subject)).toContain(id);
    await inTransaction(database.pool, (tx) => productsProjection.handle(events.map(recordedFrom), tx));
    expect(await row(id)).toEqual(before);
  });
});
