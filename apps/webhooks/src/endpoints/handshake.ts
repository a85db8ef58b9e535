import { type BeforeApplicationShutdown, Inject, Injectable, Optional } from '@nestjs/common';
import type { RateLimit } from '#domain/webhooks/webhook-endpoint/settings';
import type { Config } from '#platform/config/config';
import { Problem } from '#platform/http/problem';
import { CONFIG } from '#platform/service';
import { refusedAddresses } from '../sending/addresses.ts';
import { reasonOf } from '../sending/attempt.ts';
import { webhookAgent } from '../sending/connector.ts';
import { DELIVERY_SETTINGS, type DeliverySettings, settingsOf } from '../sending/settings.ts';

/** Deliveries a minute that a webhook can be limited to; what allows more sets no limit. */
const MOST_PER_MINUTE = 60_000;

/**
 * The hand-shake of CloudEvents HTTP webhooks 1.0.2 §4: before anything is sent to it, an endpoint is asked whether it wants to
 * be sent to by us, and how much. Consent that comes later, by a callback, is not waited for.
 */
@Injectable()
export class Handshake implements BeforeApplicationShutdown {
  readonly #agent;
  readonly #origin: string;
  readonly #patience: number;

  constructor(
    @Inject(CONFIG) config: Config,
    @Optional() @Inject(DELIVERY_SETTINGS) overrides: Partial<DeliverySettings> = {},
  ) {
    const settings = settingsOf(config, overrides);
    this.#agent = webhookAgent(refusedAddresses(config.webhook_allow_cidrs), settings);
    this.#origin = new URL(config.public_url).hostname;
    this.#patience = settings.connectTimeout + settings.headersTimeout;
  }

  /**
   * @param wanted the rate that the webhook is to have
   * @returns the rate that it may have: the lower of the two
   * @throws Problem 400 `WEBHOOK_HANDSHAKE_REFUSED`
   */
  async rate(url: string, wanted: RateLimit | null): Promise<RateLimit | null> {
    const perMinute = wanted && perMinuteOf(wanted);
    const headers = await this.#ask(url, perMinute);
    const origins = (headers['webhook-allowed-origin'] ?? '').split(',').map((one) => one.trim().toLowerCase());
    if (!origins.includes('*') && !origins.includes(this.#origin.toLowerCase())) {
      throw refused(`It did not name ${this.#origin} or * in WebHook-Allowed-Origin.`);
    }
    const allowed = headers['webhook-allowed-rate']?.trim() ?? '*';
    if (allowed === '*') return wanted;
    if (!/^[1-9]\d{0,8}$/.test(allowed)) throw refused('WebHook-Allowed-Rate is neither * nor a number a minute.');
    if (perMinute !== null && perMinute <= Number(allowed)) return wanted;
    return Number(allowed) > MOST_PER_MINUTE ? null : { per_minute: Number(allowed) };
  }

  async #ask(url: string, perMinute: number | null): Promise<Readonly<Record<string, string | undefined>>> {
    const { origin, pathname, search } = new URL(url);
    try {
      const { statusCode, headers, body } = await this.#agent.request({
        origin,
        path: pathname + search,
        method: 'OPTIONS',
        headers: {
          'webhook-request-origin': this.#origin,
          ...(perMinute === null ? {} : { 'webhook-request-rate': String(perMinute) }),
        },
        signal: AbortSignal.timeout(this.#patience),
      });
      body.on('error', () => undefined).destroy();
      if (statusCode < 200 || statusCode > 299) throw refused(`It answered ${statusCode}.`);
      return Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
      );
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw refused(`It could not be asked: ${reasonOf(error)}.`);
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#agent.destroy();
  }
}

const perMinuteOf = (rate: RateLimit): number => ('per_minute' in rate ? rate.per_minute : rate.per_second * 60);

const refused = (why: string): Problem =>
  new Problem(400, 'WEBHOOK_HANDSHAKE_REFUSED', `The endpoint did not consent to webhooks. ${why}`, {
    errors: [{ pointer: '/url', detail: 'did not consent to webhooks' }],
  });
