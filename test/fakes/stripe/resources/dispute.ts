import { invalid, missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { Charge, Dispute, EarlyFraudWarning } from '../objects.ts';
import type { Routes } from '../route.ts';
import { nulls, type World } from '../world.ts';

export const disputeOf = (world: World, id: string): Dispute => {
  const dispute = world.disputes.get(id);
  if (dispute === undefined) throw missing('dispute', id);
  return dispute;
};

const EVIDENCE = {
  ...nulls('access_activity_log billing_address cancellation_policy cancellation_policy_disclosure'),
  ...nulls('cancellation_rebuttal customer_communication customer_email_address customer_name customer_purchase_ip'),
  ...nulls('customer_signature duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id'),
  ...nulls(
    'product_description receipt refund_policy refund_policy_disclosure refund_refusal_explanation service_date',
  ),
  ...nulls('service_documentation shipping_address shipping_carrier shipping_date shipping_documentation'),
  ...nulls('shipping_tracking_number uncategorized_file uncategorized_text'),
  enhanced_evidence: {},
};

/** The cardholder's bank takes the money back until the dispute is decided. */
export const openDispute = (
  world: World,
  charge: Charge,
  given: { reason?: string; amount?: number } = {},
): Dispute => {
  if (charge.status !== 'succeeded') throw new Error(`${charge.id} has not succeeded`);
  const dispute: Dispute = {
    ...{ balance_transactions: [], enhanced_eligibility_types: [], evidence: EVIDENCE, metadata: {} },
    ...{
      evidence_details: {
        due_by: world.now() + 7 * 86_400,
        enhanced_eligibility: {},
        has_evidence: false,
        past_due: false,
        submission_count: 0,
      },
    },
    ...world.made('dispute', 'du'),
    amount: given.amount ?? charge.amount,
    charge: charge.id,
    currency: charge.currency,
    is_charge_refundable: false,
    payment_intent: charge.payment_intent,
    reason: given.reason ?? 'fraudulent',
    status: 'needs_response',
  };
  world.disputes.add(dispute);
  world.change(charge, 'charge.updated', () => {
    charge.disputed = true;
  });
  world.emit('charge.dispute.created', dispute);
  world.emit('charge.dispute.funds_withdrawn', dispute);
  return dispute;
};

export const closeDispute = (world: World, dispute: Dispute, how: 'won' | 'lost'): void => {
  if (dispute.status === 'won' || dispute.status === 'lost') throw new Error(`${dispute.id} is ${dispute.status}`);
  dispute.status = how;
  if (how === 'won') world.emit('charge.dispute.funds_reinstated', dispute);
  world.emit('charge.dispute.closed', dispute);
};

/** A card network warns that a charge may become a dispute. */
export const warnOfFraud = (
  world: World,
  charge: Charge,
  fraud_type = 'unauthorized_use_of_card',
): EarlyFraudWarning => {
  const warning: EarlyFraudWarning = {
    ...world.made('radar.early_fraud_warning', 'issfr'),
    actionable: true,
    charge: charge.id,
    fraud_type,
    payment_intent: charge.payment_intent,
  };
  world.warnings.add(warning);
  world.emit('radar.early_fraud_warning.created', warning);
  return warning;
};

export const disputes: Routes = {
  'GET /v1/disputes': ({ world, params }) => {
    const charge = params.text('charge');
    const intent = params.text('payment_intent');
    return page('/v1/disputes', world.disputes, params, (dispute) => {
      if (charge !== undefined && dispute.charge !== charge) return false;
      return intent === undefined || dispute.payment_intent === intent;
    });
  },
  'GET /v1/disputes/:id': ({ world, path }) => disputeOf(world, path('id')),
  'POST /v1/disputes/:id/close': ({ world, path }) => {
    const dispute = disputeOf(world, path('id'));
    if (dispute.status === 'won' || dispute.status === 'lost') throw invalid('This dispute is already closed.');
    closeDispute(world, dispute, 'lost');
    return dispute;
  },
  'GET /v1/radar/early_fraud_warnings': ({ world, params }) => {
    const charge = params.text('charge');
    return page(
      '/v1/radar/early_fraud_warnings',
      world.warnings,
      params,
      (one) => charge === undefined || one.charge === charge,
    );
  },
  'GET /v1/radar/early_fraud_warnings/:id': ({ world, path }) => {
    const warning = world.warnings.get(path('id'));
    if (warning === undefined) throw missing('early fraud warning', path('id'));
    return warning;
  },
};
