import { invalid, missing } from '../errors.ts';
import { pageOf } from '../lists.ts';
import type { TaxId } from '../objects.ts';
import type { Params } from '../params.ts';
import type { Routes } from '../route.ts';
import type { World } from '../world.ts';

/** Adds a tax id without asking an authority: it is `unverified`. */
export const addTaxId = (world: World, customer: string, type: string, value: string): TaxId => {
  if (type === 'eu_vat' && !/^[A-Z]{2}[0-9A-Z+*]{2,12}$/.test(value))
    throw invalid('Invalid value for eu_vat.', { code: 'tax_id_invalid', param: 'value' });
  const taxId = {
    ...world.made('tax_id', 'txi'),
    country: type === 'eu_vat' ? value.slice(0, 2) : null,
    customer,
    customer_account: null,
    owner: { type: 'customer', customer, customer_account: null },
    type,
    value,
    verification: { status: 'unverified', verified_address: null, verified_name: null },
  };
  world.taxIds.add(taxId);
  world.emit('customer.tax_id.created', taxId);
  return taxId;
};

export const createTaxId = (world: World, customer: string, params: Params): TaxId =>
  addTaxId(world, customer, params.needText('type'), params.needText('value'));

const customerThere = (world: World, id: string): string => {
  if (world.customers.get(id) === undefined || world.deletedCustomers.has(id)) throw missing('customer', id);
  return id;
};

export const taxIds: Routes = {
  'POST /v1/customers/:id/tax_ids': ({ world, params, path }) =>
    createTaxId(world, customerThere(world, path('id')), params),
  'GET /v1/customers/:id/tax_ids': ({ world, params, path }) => {
    const id = customerThere(world, path('id'));
    return pageOf(`/v1/customers/${id}/tax_ids`, world.taxIds.of(id), params);
  },
  'DELETE /v1/customers/:id/tax_ids/:tax': ({ world, path }) => {
    const taxId = world.taxIds.get(path('tax'));
    if (taxId === undefined) throw missing('tax_id', path('tax'));
    world.taxIds.remove(taxId.id);
    world.emit('customer.tax_id.deleted', taxId);
    return { id: taxId.id, object: 'tax_id', deleted: true };
  },
};
