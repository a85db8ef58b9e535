import type { Feature } from '#platform/feature';
import { ApplyProviderEvents } from './apply-provider-events.ts';
import { PROVIDER_DOORS } from './door.ts';
import { DoorReadiness } from './door-readiness.ts';
import { Doors } from './doors.ts';
import { HookController } from './hook.controller.ts';
import { Inbox } from './inbox.ts';
import { ProviderEventController } from './provider-event.controller.ts';
import { providerEventsTable, SEALED_PAYLOADS } from './provider-event.table.ts';
import { ProviderEvents1790900000000 } from './provider-events.migration.ts';
import { ProviderEvents } from './provider-events.ts';
import { PurgeProviderEvents } from './purge-provider-events.ts';
import { Reception } from './reception.ts';
import { stripeDoors } from './stripe/stripe-doors.ts';
import { StripeSettings } from './stripe/stripe.settings.ts';

/** Doors take the events of payment providers, and background work applies them. */
export const providerEventsFeature: Feature = {
  settings: [StripeSettings],
  migrations: [ProviderEvents1790900000000],
  tables: [providerEventsTable],
  sealed: [SEALED_PAYLOADS],
  controllers: [HookController, ProviderEventController],
  providers: [
    { provide: PROVIDER_DOORS, inject: [StripeSettings], useFactory: stripeDoors },
    ...[Doors, Inbox, Reception, ProviderEvents, DoorReadiness],
  ],
  work: [ApplyProviderEvents, PurgeProviderEvents],
};
