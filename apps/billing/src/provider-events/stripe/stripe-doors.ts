import type { ProviderDoor } from '../door.ts';
import type { StripeSettings } from './stripe.settings.ts';

/** Stripe's door; none without a secret. The client is loaded only where it is used: that takes a quarter of a second. */
export const stripeDoors = async (settings: StripeSettings): Promise<readonly ProviderDoor[]> => {
  if (settings.webhook_secrets.length === 0) return [];
  const [{ default: Stripe }, { StripeDoor }] = await Promise.all([import('stripe'), import('./stripe.door.ts')]);
  // The client wants a key; the door makes no calls with it.
  return [new StripeDoor(new Stripe(settings.api_key ?? 'sk_test_none', { telemetry: false }), settings)];
};
