import type { EventContract } from '#events/contract';
import type { ServiceDescription } from '../service.ts';

/** The event types of the whole product. Each process has one instance, which is injected into classes. */
export class EventTypes {
  /** The contracts of the events that services publish. */
  readonly contracts: readonly EventContract<never>[];
  /** The types of those contracts. */
  readonly published: readonly string[];
  /** Types, or `*` patterns of types, that services will publish later. */
  readonly announced: readonly string[];

  constructor(services: readonly ServiceDescription[]) {
    this.contracts = services.flatMap(({ publishes }) => publishes);
    this.published = this.contracts.map(({ type }) => type);
    this.announced = services.flatMap(({ announces }) => announces);
  }
}
