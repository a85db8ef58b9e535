import { invalid, missing } from '../errors.ts';
import { pageOf } from '../lists.ts';
import type { PaymentMethod } from '../objects.ts';
import type { Routes } from '../route.ts';
import type { World } from '../world.ts';
import { newCard, TEST_CARDS } from './card.ts';

/** A payment method; a test card's id becomes a new one. */
export const paymentMethodOf = (world: World, id: string, param?: string): PaymentMethod => {
  const behavior = TEST_CARDS[id];
  if (behavior !== undefined) return newCard(world, behavior);
  const method = world.paymentMethods.get(id);
  if (method === undefined) throw missing('PaymentMethod', id, param);
  return method;
};

export const attach = (world: World, id: string, customer: string): PaymentMethod => {
  const method = paymentMethodOf(world, id, 'payment_method');
  if (method.customer === customer) return method;
  if (method.customer !== null)
    throw invalid('The payment method you provided has already been attached to a customer.');
  method.customer = customer;
  world.paymentMethods.reindex(method, [null]);
  world.emit('payment_method.attached', method);
  return method;
};

export const paymentMethods: Routes = {
  'GET /v1/payment_methods/:id': ({ world, path }) => paymentMethodOf(world, path('id')),
  'GET /v1/payment_methods': ({ world, params }) => {
    const type = params.text('type');
    const all = [...world.paymentMethods.of(params.needText('customer'))].reverse();
    return pageOf(
      '/v1/payment_methods',
      all.filter((one) => type === undefined || one.type === type),
      params,
    );
  },
  'GET /v1/customers/:id/payment_methods': ({ world, params, path }) => {
    const type = params.text('type');
    const all = [...world.paymentMethods.of(path('id'))].reverse();
    const url = `/v1/customers/${path('id')}/payment_methods`;
    return pageOf(
      url,
      all.filter((one) => type === undefined || one.type === type),
      params,
    );
  },
  'POST /v1/payment_methods/:id/attach': ({ world, params, path }) => {
    const customer = params.needText('customer');
    if (world.customers.get(customer) === undefined || world.deletedCustomers.has(customer))
      throw missing('customer', customer, 'customer');
    return attach(world, path('id'), customer);
  },
  'POST /v1/payment_methods/:id/detach': ({ world, path }) => {
    const method = paymentMethodOf(world, path('id'));
    const { customer } = method;
    if (customer === null)
      throw invalid('The payment method you provided is not attached to a customer so detachment is impossible.');
    method.customer = null;
    world.paymentMethods.reindex(method, [customer]);
    const owner = world.customers.get(customer);
    if (owner?.invoice_settings.default_payment_method === method.id)
      world.change(owner, 'customer.updated', () => {
        owner.invoice_settings = { ...owner.invoice_settings, default_payment_method: null };
      });
    world.emit('payment_method.detached', method, { customer });
    return method;
  },
};
