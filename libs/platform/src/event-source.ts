import type { Pool } from 'pg';
import type { EventContract } from '#events/contract';
import { KafkaSource } from '#events/kafka/kafka.source';
import { rebuildGroup } from '#events/projection/rebuild-subscribed';
import type { EventSource } from '#events/source';
import { LogSource } from '#events/source/log.source';

export interface EventSourceOptions {
  /** The service that publishes the events. */
  readonly service: string;
  /** The subscribing service, its database, and the name of its subscription. */
  readonly subscriber: string;
  readonly pool: Pool;
  readonly subscription: string;
  /** The wanted event types; others may be delivered as well. */
  readonly types: readonly string[];
  /** As in `Subscription`. */
  readonly unwanted?: string | undefined;
  /** Contracts of all services. */
  readonly contracts: readonly EventContract<never>[];
  /** undefined: the log is read directly, in the same database. */
  readonly brokers: readonly string[] | undefined;
  readonly onError: (error: unknown, what: string) => void;
  /** Reads all events from the beginning, independently of the running subscription. */
  readonly anew?: boolean;
}

/** Another service's events for a subscription, over the configured transport: the log, or Kafka. */
export const openEventSource = (options: EventSourceOptions): EventSource => {
  const {
    service,
    subscriber,
    subscription,
    types,
    unwanted,
    pool,
    contracts,
    brokers,
    onError,
    anew = false,
  } = options;
  const name = `keyledger.${subscriber}.${subscription}`;
  if (brokers === undefined) {
    const notHeard = (error: unknown): void => onError(error, `${name} could not listen to ${service}`);
    return new LogSource(service, pool, contracts, notHeard, types, unwanted);
  }
  const group = `${name}.${service}`;
  const kafka = { brokers: [...brokers], clientId: name };
  return new KafkaSource({ kafka, service, group: anew ? rebuildGroup(group) : group, onError });
};
