import { Gauge, type Registry } from 'prom-client';
import { relayLag } from '#events/kafka/relay';
import type { RunningSubscription } from '#events/nest/event-transport';
import { countParked, type ParkedCount } from '#events/subscription/dead-letters';
import type { ServiceDatabase } from '../database/database.ts';
import { within } from '../health/patience.ts';

export interface ObservedSubscriptions {
  readonly registry: Registry;
  /** What runs at the moment of asking. */
  readonly running: () => readonly RunningSubscription[];
  readonly databases: readonly ServiceDatabase[];
  /** Services whose log this process may relay to Kafka. */
  readonly relayed: readonly ServiceDatabase[];
  readonly onError: (error: unknown, what: string) => void;
}

/** Longest that counting may hold up a scrape, in milliseconds. */
const PATIENCE_MS = 2_000;
const STATUSES: readonly ParkedCount['status'][] = ['waiting', 'retrying', 'dead'];

/**
 * Shows how far subscriptions are behind and what they have put aside, counted when somebody scrapes. What cannot be counted
 * (the database or Kafka is away) is left out: an absent number is true, an old one is not.
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
    help: 'Events put aside by a subscription: retrying, waiting behind one that is, or dead until somebody replays them.',
    labelNames: ['service', 'subscription', 'status'],
    registers: [registry],
    async collect() {
      this.reset();
      const set = async ({ schema: service, pool }: ServiceDatabase): Promise<void> => {
        const parked = await counted(service, () => countParked(pool));
        // An alert on what is dead needs a zero to rise from.
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

/** Nobody is asked again before the last answer has come, however often it is scraped. */
const oneAtATime = (): (<T>(what: string, count: () => Promise<T>) => Promise<T>) => {
  const pending = new Map<string, Promise<unknown>>();
  return <T>(what: string, count: () => Promise<T>) => {
    const asked = (pending.get(what) as Promise<T> | undefined) ?? count().finally(() => pending.delete(what));
    pending.set(what, asked);
    return within(PATIENCE_MS, asked);
  };
};
