import { missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { Product } from '../objects.ts';
import { mergedMetadata, type Params } from '../params.ts';
import type { Routes } from '../route.ts';
import { nulls, type World } from '../world.ts';

export const productOf = (world: World, id: string, param?: string): Product => {
  const product = world.products.get(id);
  if (product === undefined) throw missing('product', id, param);
  return product;
};

/** @param params of `POST /v1/products`, or `product_data` of a price */
export const createProduct = (world: World, params: Params): Product => {
  const made = world.made('product', 'prod');
  const id = params.text('id') ?? made.id;
  const product: Product = {
    ...nulls('package_dimensions shippable statement_descriptor url'),
    ...made,
    ...{ images: [], marketing_features: [] },
    id,
    active: params.flag('active') ?? true,
    name: params.needText('name'),
    description: params.text('description') ?? null,
    metadata: mergedMetadata({}, params),
    default_price: null,
    unit_label: params.text('unit_label') ?? null,
    tax_code: params.text('tax_code') ?? null,
    updated: made.created,
  };
  world.products.add(product);
  world.emit('product.created', product);
  return product;
};

export const products: Routes = {
  'POST /v1/products': ({ world, params }) => createProduct(world, params),
  'GET /v1/products': ({ world, params }) => {
    const active = params.flag('active');
    const ids = params.texts('ids');
    return page('/v1/products', world.products, params, (product) => {
      if (active !== undefined && product.active !== active) return false;
      return ids === undefined || ids.includes(product.id);
    });
  },
  'GET /v1/products/:id': ({ world, path }) => productOf(world, path('id')),
  'POST /v1/products/:id': ({ world, params, path }) => {
    const product = productOf(world, path('id'));
    world.change(product, 'product.updated', () => {
      product.active = params.flag('active') ?? product.active;
      product.name = params.text('name') ?? product.name;
      if (params.has('description')) product.description = params.text('description') ?? null;
      if (params.has('unit_label')) product.unit_label = params.text('unit_label') ?? null;
      if (params.has('tax_code')) product.tax_code = params.text('tax_code') ?? null;
      if (params.has('default_price')) product.default_price = params.text('default_price') ?? null;
      product.metadata = mergedMetadata(product.metadata, params);
      product.updated = world.now();
    });
    return product;
  },
  'DELETE /v1/products/:id': ({ world, path }) => {
    const product = productOf(world, path('id'));
    if (world.prices.of(product.id).length > 0) throw missing('product without prices', product.id, 'product');
    world.products.remove(product.id);
    world.emit('product.deleted', product);
    return { id: product.id, object: 'product', deleted: true };
  },
};
