import { subscriptionContracts } from './subscription/subscription.contracts.ts';

/** The events that billing publishes. */
export const billingContracts = [...subscriptionContracts];
