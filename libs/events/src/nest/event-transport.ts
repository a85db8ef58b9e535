import { applyDecorators, type ArgumentsHost, Catch, type RpcExceptionFilter, UseFilters } from '@nestjs/common';
import {
  BaseRpcContext,
  type CustomTransportStrategy,
  EventPattern,
  type MessageHandler,
  Server,
} from '@nestjs/microservices';
import type { Pool, PoolClient } from 'pg';
import { from, lastValueFrom, type Observable, throwError } from 'rxjs';
import type { PublishedEvent } from '../event.ts';
import type { EventSource, Subscription } from '../source.ts';
import { SubscriptionRunner } from '../subscription/runner.ts';

/** What a handler gets besides its batch: the transaction for its effects. */
export class EventContext extends BaseRpcContext<[PoolClient]> {
  get tx(): PoolClient {
    return this.args[0];
  }
}

export interface SubscribeOptions extends Omit<Subscription, 'handle' | 'sources'> {
  /** The service that subscribes: its database holds checkpoint and effects. */
  readonly service: string;
  /** The services whose events the subscription reads: by name, or all services that publish events. */
  readonly sources: readonly string[] | 'all';
}

/** Passes errors to the runner unchanged: Nest would turn each into "Internal server error". */
@Catch()
class PassOn implements RpcExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => error);
  }
}

/**
 * Marks a controller's method as a subscription: `(@Payload() batch: PublishedEvent[], @Ctx() { tx }: EventContext)`. Its
 * return value is described at `Subscription`.
 */
export const Subscribe = (options: SubscribeOptions): MethodDecorator =>
  applyDecorators(
    EventPattern<string>(`${options.service}/${options.name}`, undefined, { subscription: options }),
    UseFilters(PassOn),
  );

/** What the process provides for a service that subscribes. */
export interface SubscribingService {
  readonly pool: Pool;
  /** Returns the events of another service, for a subscription of this service. */
  source(service: string, subscription: Omit<Subscription, 'handle' | 'sources'>): EventSource;
}

export interface TransportOptions {
  /** Every service that publishes events, whether it runs in this process or not. */
  readonly publishers: readonly string[];
  readonly services: ReadonlyMap<string, SubscribingService>;
  readonly onError: (error: unknown, what: string) => void;
  /** As in `RunnerOptions`. */
  readonly ladder?: readonly number[];
}

/** A running subscription to the events of one service. */
export interface RunningSubscription {
  /** The service that subscribes. */
  readonly service: string;
  readonly name: string;
  readonly source: string;
  /** As `SubscriptionRunner.lag`. */
  lag(): Promise<number>;
}

/** The Nest transport for the subscriptions of all services of a process. */
export class EventTransport extends Server implements CustomTransportStrategy {
  readonly #subscriptions: { options: SubscribeOptions; handler: MessageHandler }[] = [];
  readonly #running: { options: SubscribeOptions; runner: SubscriptionRunner; source: EventSource }[] = [];

  constructor(private readonly options: TransportOptions) {
    super();
  }

  /**
   * Keeps handlers separate: Nest would run all handlers of one pattern as one, and an error in one would hide the others.
   */
  override addHandler(
    _pattern: unknown,
    handler: MessageHandler,
    _isEvent = false,
    extras: Record<string, unknown> = {},
  ): void {
    this.#subscriptions.push({ options: extras['subscription'] as SubscribeOptions, handler });
  }

  listen(callback: (error?: unknown) => void): void {
    for (const { options, handler } of this.#subscriptions) {
      const service = this.options.services.get(options.service);
      // A subscription of a service that does not run in this process is not started here.
      if (service === undefined) continue;
      const sources = options.sources === 'all' ? this.options.publishers : options.sources;
      for (const name of sources) {
        // A product without that service has none of its events.
        if (!this.options.publishers.includes(name)) continue;
        const source = service.source(name, options);
        const runner = new SubscriptionRunner({
          pool: service.pool,
          source,
          subscription: { ...options, sources, handle: (batch, tx) => call(handler, batch, tx) },
          onError: this.options.onError,
          ...(this.options.ladder === undefined ? {} : { ladder: this.options.ladder }),
        });
        runner.start();
        this.#running.push({ options, runner, source });
      }
    }
    callback();
  }

  /** The running subscriptions, for metrics. */
  subscriptions(): RunningSubscription[] {
    return this.#running.map(({ options: { service, name }, runner, source }) => ({
      service,
      name,
      source: source.service,
      lag: () => runner.lag(),
    }));
  }

  async close(): Promise<void> {
    const running = this.#running.splice(0);
    // Each runner finishes its batch and confirms it to its source before the source closes.
    await Promise.all(running.map(({ runner }) => runner.stop()));
    await Promise.all(running.map(({ source }) => source.close()));
  }

  override on(): never {
    throw new Error('the transport has no events of its own');
  }

  override unwrap<T>(): T {
    throw new Error('there is no client below this transport');
  }
}

const call = async (
  handler: MessageHandler,
  batch: readonly PublishedEvent[],
  tx: PoolClient,
): Promise<number | undefined> => {
  const answer: unknown = await handler(batch, new EventContext([tx]));
  const result = isObservable(answer) ? await lastValueFrom(from(answer), { defaultValue: undefined }) : answer;
  return typeof result === 'number' ? result : undefined;
};

const isObservable = (value: unknown): value is Observable<unknown> =>
  typeof value === 'object' && value !== null && 'subscribe' in value;
