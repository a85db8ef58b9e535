import { missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { Charge, PaymentIntent } from '../objects.ts';
import type { Routes } from '../route.ts';
import { nulls, type World } from '../world.ts';
import type { Outcome } from './card.ts';

export const chargeOf = (world: World, id: string, param?: string): Charge => {
  const charge = world.charges.get(id);
  if (charge === undefined) throw missing('charge', id, param);
  return charge;
};

/** Records an attempt to take money. */
export const createCharge = (
  world: World,
  intent: PaymentIntent,
  failure: Extract<Outcome, { kind: 'declined' }> | null,
): Charge => {
  const method = intent.payment_method === null ? undefined : world.paymentMethods.get(intent.payment_method);
  const card = method?.card && {
    ...nulls('checks mandate network three_d_secure wallet'),
    ...{ brand: method.card.brand, fingerprint: method.card.fingerprint, last4: method.card.last4 },
    ...{ country: 'US', exp_month: 8, exp_year: 2099, funding: 'credit' },
  };
  const charge: Charge = {
    ...nulls('application application_fee application_fee_amount balance_transaction calculated_statement_descriptor'),
    ...nulls('description failure_balance_transaction on_behalf_of outcome receipt_email receipt_number receipt_url'),
    ...nulls(
      'review shipping source_transfer statement_descriptor statement_descriptor_suffix transfer_data transfer_group',
    ),
    ...{ billing_details: nulls('address email name phone tax_id'), captured: failure === null, fraud_details: {} },
    ...{ amount_captured: failure === null ? intent.amount : 0, metadata: intent.metadata },
    ...{ failure_code: failure?.code ?? null, failure_message: failure?.message ?? null },
    ...{ payment_method: intent.payment_method },
    ...{ payment_method_details: card === undefined ? { type: method?.type ?? 'card' } : { type: 'card', card } },
    ...world.made('charge', 'ch'),
    amount: intent.amount,
    amount_refunded: 0,
    currency: intent.currency,
    customer: intent.customer,
    disputed: false,
    paid: failure === null,
    payment_intent: intent.id,
    refunded: false,
    status: failure === null ? 'succeeded' : 'failed',
  };
  return world.charges.add(charge);
};

export const charges: Routes = {
  'GET /v1/charges': ({ world, params }) => {
    const customer = params.text('customer');
    const intent = params.text('payment_intent');
    return page(
      '/v1/charges',
      world.charges,
      params,
      (charge) => {
        if (customer !== undefined && charge.customer !== customer) return false;
        return intent === undefined || charge.payment_intent === intent;
      },
      intent ?? customer,
    );
  },
  'GET /v1/charges/:id': ({ world, path }) => chargeOf(world, path('id')),
};
