import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  Optional,
} from '@nestjs/common';
import { decide } from '#domain/webhooks/webhook-endpoint/webhook-endpoint.commands';
import { webhookEndpointStream } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { EventStore } from '#events/store';
import type { MasterKey } from '#platform/crypto/keys';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE, LOGGER, MASTER_KEY, METRICS } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import type { Metrics } from '#platform/telemetry/metrics';
import { WebhooksSettings } from '../webhooks.settings.ts';
import { Statistics } from '../statistics/statistics.ts';
import { countAttempts } from './attempt-metrics.ts';
import { refusedAddresses } from './addresses.ts';
import { Sender } from './sender.ts';
import { DELIVERY_SETTINGS, type DeliverySettings, settingsOf } from './settings.ts';

/** Runs the sender while the service runs. */
@Injectable()
export class SenderService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #sender: Sender;

  constructor(
    @Inject(DATABASE) database: ServiceDatabase,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(MASTER_KEY) masterKey: MasterKey,
    operator: WebhooksSettings,
    @Inject(LOGGER) logger: Logger,
    @Inject(METRICS) metrics: Metrics,
    private readonly statistics: Statistics,
    @Optional() @Inject(DELIVERY_SETTINGS) settings: Partial<DeliverySettings> = {},
  ) {
    const count = countAttempts(metrics.registry);
    this.#sender = new Sender({
      pool: database.pool,
      settings: settingsOf(operator, settings),
      refused: refusedAddresses(operator.allow_cidrs),
      masterKey,
      onAttempt: (made, status, endpointId) => {
        count(made, status);
        statistics.count(endpointId, made);
      },
      onGone: (endpointId) => this.#disable(endpointId),
      onError: (error, what) => logger.warn({ err: error }, what),
    });
  }

  onApplicationBootstrap(): void {
    this.#sender.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#sender.stop();
    await this.statistics.stop();
  }

  async #disable(endpointId: string): Promise<void> {
    await this.store.handle(
      webhookEndpointStream,
      endpointId,
      (state) => decide({ type: 'DisableWebhookEndpoint', reason: 'gone' }, state),
      { metadata: { actor: { type: 'system', id: 'webhooks' }, correlation_id: endpointId } },
    );
  }
}
