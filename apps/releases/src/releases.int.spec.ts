import { newId } from '#domain/shared/id';
import { type ProductChanges, type ProductEvent } from '#domain/licensing/product/product';
import { Follower } from '../../../test/support/follower.ts';
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
  let follower: Follower;

  beforeAll(async () => {
    follower = await Follower.start(releasesService);
  });
  afterAll(() => follower.close());

  it('follow those of licensing, including an explicit false', async () => {
    const id = newId('prod');
    await follower.licensing.append(id, created(id));
    await follower.licensing.append(id, updated(id, { name: 'Studio' }));
    await follower.licensing.append(id, updated(id, { require_signing: false, minimum_supported_version: '2.0.0' }));
    const product = await follower.rowAt('products', id, 3);
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
    await follower.licensing.append(id, created(id));
    await follower.licensing.append(id, updated(id, { slug: 'studio' }));
    const before = await follower.rowAt('products', id, 2);
    expect(await follower.deliverAgain(productsProjection)).toContain(id);
    expect(await follower.row('products', id)).toEqual(before);
  });
});
