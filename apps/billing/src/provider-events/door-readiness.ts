import { Injectable } from '@nestjs/common';
import { ReadinessDetail } from '#platform/health/readiness-detail';
import { Doors } from './doors.ts';
import { ProviderEvents } from './provider-events.ts';

/** Says when each configured provider sent its last event: a webhook that was switched off at the provider shows here. */
@Injectable()
export class DoorReadiness extends ReadinessDetail {
  readonly name = 'provider_events';

  constructor(
    private readonly doors: Doors,
    private readonly events: ProviderEvents,
  ) {
    super();
  }

  async read(): Promise<unknown> {
    const { providers } = this.doors;
    return providers.length === 0 ? undefined : this.events.lastOf(providers);
  }
}
