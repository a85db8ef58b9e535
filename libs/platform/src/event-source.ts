import type { Pool } from 'pg';
import type { EventContract } from '#events/contract';
import { KafkaSource } from '#events/kafka/kafka.source';
import { rebuildGroup } from '#events/projection/rebuild-subscribed';
import type { EventSource } from '#events/source';
import { LogSource } from '#events/source/log.source';

export interface EventSourceOptions {
  /** The service whose events are wanted. */
  readonly service: string;
  /** The one that wants them, its database, and the name of its subscription. */
  readonly subscriber: string;
  readonly pool: Pool;
  readonly subscription: string;
  /** Event types that are wanted; others may come as well. */
  readonly types: readonly string[];
  /** As in `Subscription`. */
  readonly unwanted?: string | undefined;
  /** Contracts of all services. */
  readonly contracts: readonly EventContract<never>[];
  /** undefined: the log is read where it lies, in the same database. */
  readonly brokers: readonly string[] | undefined;
  readonly onError: (error: unknown, what: string) => void;
  /** To read all that there is from the beginning, beside the subscription that goes on. */
  readonly anew?: boolean;
}

/** Another service's events for a subscription, by the way that the configuration names: the log, or Kafka. */
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
