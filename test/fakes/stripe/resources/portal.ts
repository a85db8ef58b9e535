import { invalid, missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { Routes } from '../route.ts';
import { nulls, type World } from '../world.ts';
import { customerOf } from './customer.ts';

const OFF = { enabled: false };

const createConfiguration = (world: World, more: object = {}) => {
  const made = world.made('billing_portal.configuration', 'bpc');
  const configuration = {
    ...nulls('application default_return_url name'),
    ...made,
    active: true,
    business_profile: nulls('headline privacy_policy_url terms_of_service_url'),
    features: {
      customer_update: { ...OFF, allowed_updates: [] },
      invoice_history: { enabled: true },
      payment_method_update: { enabled: true, payment_method_configuration: null },
      subscription_cancel: {
        ...OFF,
        cancellation_reason: { ...OFF, options: [] },
        mode: 'at_period_end',
        proration_behavior: 'none',
      },
      subscription_update: {
        ...OFF,
        billing_cycle_anchor: 'unchanged',
        default_allowed_updates: [],
        products: null,
        proration_behavior: 'none',
        schedule_at_period_end: { conditions: [] },
        trial_update_behavior: 'end_trial',
      },
    },
    is_default: world.portalConfigurations.size === 0,
    login_page: { ...OFF, url: null },
    metadata: {},
    updated: made.created,
    ...more,
  };
  return world.portalConfigurations.add(configuration);
};

export const portals: Routes = {
  'POST /v1/billing_portal/configurations': ({ world, params }) => {
    params.map('features');
    params.hash('business_profile')?.ignore('headline', 'privacy_policy_url', 'terms_of_service_url');
    const metadata = params.map('metadata') ?? {};
    return createConfiguration(world, { default_return_url: params.text('default_return_url') ?? null, metadata });
  },
  'GET /v1/billing_portal/configurations': ({ world, params }) => {
    params.ignore('active', 'is_default');
    return page('/v1/billing_portal/configurations', world.portalConfigurations, params);
  },
  'POST /v1/billing_portal/sessions': ({ world, params }) => {
    const customer = customerOf(world, params.needText('customer'), 'customer');
    const given = params.text('configuration');
    if (given !== undefined && world.portalConfigurations.get(given) === undefined)
      throw missing('configuration', given, 'configuration');
    if (given === undefined && world.portalConfigurations.size === 0)
      throw invalid(
        'You can’t create a portal session in test mode until you save your customer portal settings in test mode.',
      );
    const [first] = world.portalConfigurations.all();
    const flow = params.hash('flow_data');
    const type = flow?.needChoice('type', ['payment_method_update', 'subscription_cancel', 'subscription_update']);
    flow?.hash('after_completion')?.ignore('type', 'redirect');
    const of = (name: 'subscription_cancel' | 'subscription_update') => {
      const subscription = flow?.hash(name)?.needText('subscription');
      return subscription === undefined
        ? null
        : { subscription, ...(name === 'subscription_cancel' && { retention: null }) };
    };
    const made = world.made('billing_portal.session', 'bps');
    return {
      ...nulls('customer_account locale on_behalf_of'),
      ...made,
      configuration: given ?? first?.id,
      customer: customer.id,
      flow:
        type === undefined
          ? null
          : {
              after_completion: { hosted_confirmation: null, redirect: null, type: 'portal_homepage' },
              subscription_cancel: of('subscription_cancel'),
              subscription_update: of('subscription_update'),
              subscription_update_confirm: null,
              type,
            },
      return_url: params.text('return_url') ?? null,
      url: `https://billing.stripe.com/p/session/${made.id}`,
    };
  },
};

/** The settings that an owner saves once in the dashboard. */
export const savePortalSettings = (world: World): void => {
  createConfiguration(world);
};
