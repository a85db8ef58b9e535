import { Inject, Injectable } from '@nestjs/common';
import { Problem } from '#platform/http/problem';
import { PROVIDER_DOORS, type ProviderDoor } from './door.ts';

/** The doors of the configured providers, by the name of the provider. */
@Injectable()
export class Doors {
  readonly #byProvider: ReadonlyMap<string, ProviderDoor>;

  constructor(@Inject(PROVIDER_DOORS) doors: readonly ProviderDoor[]) {
    this.#byProvider = new Map(doors.map((door) => [door.provider, door]));
  }

  get providers(): readonly string[] {
    return [...this.#byProvider.keys()];
  }

  /** @throws Problem 503 PAYMENT_PROVIDER_NOT_CONFIGURED */
  get(provider: string): ProviderDoor {
    const door = this.#byProvider.get(provider);
    if (door !== undefined) return door;
    throw new Problem(
      503,
      'PAYMENT_PROVIDER_NOT_CONFIGURED',
      `No secret is configured with which events of ${provider} can be verified.`,
      { provider },
    );
  }
}
