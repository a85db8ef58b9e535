import { Gauge, type Registry } from 'prom-client';
import { relayLag } from '#events/kafka/relay';
import type { RunningSubscription } from '#events/nest/event-transport';
import { countParked, type ParkedCount } from '#events/subscription/dead-letters';
import type { ServiceDatabase } from '../database/database.ts';
import { within } from '../health/patience.ts';

export interface ObservedSubscriptions {
  readonly registry: Registry;
  /** The subscriptions that run at the time of a scrape. */
  readonly running: () => readonly RunningSubscription[];
  readonly databases: readonly ServiceDatabase[];
  /** Services whose log this process may relay to Kafka. */
  readonly relayed: readonly ServiceDatabase[];
  readonly onError: (error: unknown, what: string) => void;
}

/** The maximum delay of a scrape by the count, in milliseconds. */
const PATIENCE_MS = 2_000;
const STATUSES: readonly ParkedCount['status'][] = ['waiting', 'retrying', 'dead'];

/**
 * Shows the lag of subscriptions and their parked events, counted at each scrape. If a count fails (the database or Kafka is
 * unavailable), its metric is left out: no value is better than an old one.
 */
export const observeSubscriptions = ({
  registry,
  running,
  databases,
  relayed,
  onError,
}: ObservedSubscriptions): void => {
  const counted = oneAtATime();

  new Gauge({
    name: 'keyledger_subscription_lag_events',
    help: 'Events that a subscription, or the relay to Kafka, has not taken yet.',
    labelNames: ['service', 'subscription', 'source'],
    registers: [registry],
    async collect() {
      this.reset();
      const set = async (service: string, subscription: string, source: string, lag: () => Promise<number>) => {
        const found = await counted(`${service}/${subscription}/${source}`, lag).catch((error: unknown) =>
          onError(error, `the lag of ${subscription} in ${service} could not be counted`),
        );
        if (found !== undefined) this.set({ service, subscription, source }, found);
      };
      await Promise.all([
        ...running().map((one) => set(one.service, one.name, one.source, () => one.lag())),
        ...relayed.map(({ schema, pool }) => set(schema, 'kafka-relay', schema, () => relayLag(pool, schema))),
      ]);
    },
  });

  new Gauge({
    name: 'keyledger_parked_events',
    help: 'Events parked by a subscription: retrying, waiting behind a retrying one, or dead until a replay.',
    labelNames: ['service', 'subscription', 'status'],
    registers: [registry],
    async collect() {
      this.reset();
      const set = async ({ schema: service, pool }: ServiceDatabase): Promise<void> => {
        const parked = await counted(service, () => countParked(pool));
        // An alert on dead events needs a zero as its starting value.
        for (const { name: subscription } of running().filter((one) => one.service === service)) {
          for (const status of STATUSES) this.set({ service, subscription, status }, 0);
        }
        for (const { subscription, status, events } of parked) this.set({ service, subscription, status }, events);
      };
      await Promise.all(
        databases.map((database) =>
          set(database).catch((error: unknown) =>
            onError(error, `what ${database.schema} parked could not be counted`),
          ),
        ),
      );
    },
  });
};

/** Shares a running count between scrapes: no second count starts before the first has ended. */
const oneAtATime = (): (<T>(what: string, count: () => Promise<T>) => Promise<T>) => {
  const pending = new Map<string, Promise<unknown>>();
  return <T>(what: string, count: () => Promise<T>) => {
    const asked = (pending.get(what) as Promise<T> | undefined) ?? count().finally(() => pending.delete(what));
    pending.set(what, asked);
    return within(PATIENCE_MS, asked);
  };
};
