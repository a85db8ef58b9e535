import { missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { Address, Customer } from '../objects.ts';
import { mergedMetadata, type Params } from '../params.ts';
import type { Routes } from '../route.ts';
import { nulls, type World } from '../world.ts';
import { adjustBalance } from './balance.ts';
import { attach } from './payment-method.ts';
import { createTaxId } from './tax-id.ts';

/** A customer that is there; one that was deleted is missing for all but `GET`. */
export const customerOf = (world: World, id: string, param?: string): Customer => {
  const customer = world.customers.get(id);
  if (customer === undefined || world.deletedCustomers.has(id)) throw missing('customer', id, param);
  return customer;
};

export const addressOf = (params: Params): Address => ({
  city: params.text('city') ?? null,
  country: params.text('country') ?? null,
  line1: params.text('line1') ?? null,
  line2: params.text('line2') ?? null,
  postal_code: params.text('postal_code') ?? null,
  state: params.text('state') ?? null,
});

const change = (world: World, customer: Customer, params: Params): void => {
  const { invoice_settings } = customer;
  for (const name of ['name', 'email', 'description', 'phone'] as const)
    if (params.has(name)) customer[name] = params.text(name) ?? null;
  if (params.has('address')) {
    const address = params.hash('address');
    customer.address = address === undefined ? null : addressOf(address);
  }
  customer.metadata = mergedMetadata(customer.metadata, params);
  customer.tax_exempt = params.choice('tax_exempt', ['none', 'exempt', 'reverse']) ?? customer.tax_exempt;
  customer.preferred_locales = params.texts('preferred_locales') ?? customer.preferred_locales;
  customer.invoice_prefix = params.text('invoice_prefix') ?? customer.invoice_prefix;
  customer.next_invoice_sequence = params.integer('next_invoice_sequence') ?? customer.next_invoice_sequence;
  const settings = params.hash('invoice_settings');
  if (settings?.has('default_payment_method')) {
    const method = settings.text('default_payment_method') ?? null;
    if (method !== null && world.paymentMethods.get(method)?.customer !== customer.id)
      throw missing('PaymentMethod', method, settings.at('default_payment_method'));
    customer.invoice_settings = { ...invoice_settings, default_payment_method: method };
  }
  params.hash('tax')?.ignore('validate_location', 'ip_address');
};

export interface NewCustomer {
  readonly email?: string | null;
  readonly name?: string | null;
  readonly address?: Address | null;
}

/** A customer as the page of a checkout makes it, or as the first step of `POST /v1/customers`. */
export const addCustomer = (world: World, given: NewCustomer, fill: (customer: Customer) => void = () => undefined) => {
  const made = world.made('customer', 'cus');
  const customer: Customer = {
    ...nulls('default_source discount shipping test_clock customer_account'),
    ...made,
    address: given.address ?? null,
    balance: 0,
    currency: null,
    delinquent: false,
    description: null,
    email: given.email ?? null,
    invoice_prefix: made.id.slice(-8).toUpperCase(),
    invoice_settings: Object.assign(nulls('custom_fields footer rendering_options'), { default_payment_method: null }),
    metadata: {},
    name: given.name ?? null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    tax_exempt: 'none',
  };
  fill(customer);
  world.customers.add(customer);
  world.emit('customer.created', customer);
  return customer;
};

export const customers: Routes = {
  'POST /v1/customers': ({ world, params }) => {
    const customer = addCustomer(world, {}, (draft) => change(world, draft, params));
    for (const data of params.list('tax_id_data') ?? []) createTaxId(world, customer.id, data);
    const method = params.text('payment_method');
    if (method !== undefined) attach(world, method, customer.id);
    const balance = params.integer('balance');
    if (balance !== undefined) adjustBalance(world, customer, balance, 'initial');
    return customer;
  },
  'GET /v1/customers': ({ world, params }) => {
    const email = params.text('email');
    return page('/v1/customers', world.customers, params, (customer) => {
      if (world.deletedCustomers.has(customer.id)) return false;
      return email === undefined || customer.email === email;
    });
  },
  'GET /v1/customers/:id': ({ world, path }) => {
    const id = path('id');
    if (world.deletedCustomers.has(id)) return { id, object: 'customer', deleted: true };
    return customerOf(world, id);
  },
  'POST /v1/customers/:id': ({ world, params, path }) => {
    const customer = customerOf(world, path('id'));
    const before = [customer.email];
    world.change(customer, 'customer.updated', () => change(world, customer, params));
    world.customers.reindex(customer, before);
    return customer;
  },
};
