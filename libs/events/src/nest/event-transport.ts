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

/** What a handler has besides its batch: the transaction in which its effects belong. */
export class EventContext extends BaseRpcContext<[PoolClient]> {
  get tx(): PoolClient {
    return this.args[0];
  }
}

export interface SubscribeOptions extends Omit<Subscription, 'handle'> {
  /** The service that subscribes: its database holds checkpoint and effects. */
  readonly service: string;
}

/** Nest would turn every error into "Internal server error"; the runner wants to know what went wrong. */
@Catch()
class PassOn implements RpcExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => error);
  }
}

/**
 * Marks a controller's method as a subscription: `(@Payload() batch: PublishedEvent[], @Ctx() { tx }: EventContext)`. What it
 * returns is as in `Subscription`.
 */
export const Subscribe = (options: SubscribeOptions): MethodDecorator =>
  applyDecorators(
    EventPattern<string>(`${options.service}/${options.name}`, undefined, { subscription: options }),
    UseFilters(PassOn),
  );

/** What a process has of a service that subscribes. */
export interface SubscribingService {
  readonly pool: Pool;
  /** The events of another service, for a subscription of this one. */
  source(service: string, subscription: Omit<Subscription, 'handle'>): EventSource;
}

export interface TransportOptions {
  readonly services: ReadonlyMap<string, SubscribingService>;
  readonly onError: (error: unknown, what: string) => void;
  /** As in `RunnerOptions`. */
  readonly ladder?: readonly number[];
}

/** A subscription that runs, in the events of one service. */
export interface RunningSubscription {
  /** The service that subscribes. */
  readonly service: string;
  readonly name: string;
  readonly source: string;
  /** As `SubscriptionRunner.lag`. */
  lag(): Promise<number>;
}

/** Nest's way to the subscriptions of all services of a process. */
export class EventTransport extends Server implements CustomTransportStrategy {
  readonly #subscriptions: { options: SubscribeOptions; handler: MessageHandler }[] = [];
  readonly #running: { options: SubscribeOptions; runner: SubscriptionRunner; source: EventSource }[] = [];

  constructor(private readonly options: TransportOptions) {
    super();
  }

  /** Nest would chain handlers of one pattern side by side; each subscription here stands for itself. */
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
      // A module may be loaded without its neighbours; what subscribes for a service that is not here has nothing to do.
      if (service === undefined) continue;
      for (const name of options.sources) {
        const source = service.source(name, options);
        const runner = new SubscriptionRunner({
          pool: service.pool,
          source,
          subscription: { ...options, handle: (batch, tx) => call(handler, batch, tx) },
          onError: this.options.onError,
          ...(this.options.ladder === undefined ? {} : { ladder: this.options.ladder }),
        });
        runner.start();
        this.#running.push({ options, runner, source });
      }
    }
    callback();
  }

  /** What runs now, for metrics. */
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
    // Each runner finishes its batch and tells its source so, before the source goes.
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
