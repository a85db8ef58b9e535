import { type BeforeApplicationShutdown, Inject, Injectable, Optional } from '@nestjs/common';
import type { RateLimit } from '#domain/webhooks/webhook-endpoint/settings';
import type { Config } from '#platform/config/config';
import { Problem } from '#platform/http/problem';
import { CONFIG } from '#platform/service';
import { WebhooksSettings } from '../webhooks.settings.ts';
import { refusedAddresses } from '../sending/addresses.ts';
import { detailOf, reasonOf } from '../sending/attempt-error.ts';
import { ConnectionPool } from '../sending/connection-pool.ts';
import { type Answer, exchange, type ExchangeLimits } from '../sending/exchange.ts';
import { DELIVERY_SETTINGS, type DeliverySettings, settingsOf } from '../sending/settings.ts';

/** The highest rate that a webhook can be limited to, in deliveries a minute; an endpoint that allows more gets no limit. */
const MOST_PER_MINUTE = 60_000;

/**
 * The handshake of CloudEvents HTTP webhooks 1.0.2 §4: asks an endpoint, before the first delivery, whether it accepts deliveries from
 * this service and at which rate. Consent that arrives later, by a callback, is not supported.
 */
@Injectable()
export class Handshake implements BeforeApplicationShutdown {
  readonly #pool: ConnectionPool;
  readonly #origin: string;
  /** Milliseconds. */
  readonly #connectTimeout: number;
  readonly #limits: ExchangeLimits;

  constructor(
    @Inject(CONFIG) { public_url }: Config,
    operator: WebhooksSettings,
    @Optional() @Inject(DELIVERY_SETTINGS) overrides: Partial<DeliverySettings> = {},
  ) {
    const settings = settingsOf(operator, overrides);
    this.#pool = new ConnectionPool(refusedAddresses(operator.allow_cidrs), settings);
    this.#origin = new URL(public_url).hostname;
    this.#connectTimeout = settings.connectTimeout;
    this.#limits = { headersTimeout: settings.headersTimeout, bodyTimeout: settings.bodyTimeout, bytes: 0 };
  }

  /**
   * @param wanted the rate that the request asks for
   * @returns the lower of that rate and the rate that the endpoint allows
   * @throws Problem 400 `WEBHOOK_HANDSHAKE_REFUSED`
   */
  async rate(url: string, wanted: RateLimit | null): Promise<RateLimit | null> {
    const perMinute = wanted && perMinuteOf(wanted);
    const headers = await this.#ask(url, perMinute);
    const origins = (valueOf(headers, 'webhook-allowed-origin') ?? '')
      .split(',')
      .map((one) => one.trim().toLowerCase());
    if (!origins.includes('*') && !origins.includes(this.#origin.toLowerCase())) {
      throw refused(`It did not name ${this.#origin} or * in WebHook-Allowed-Origin.`);
    }
    const allowed = valueOf(headers, 'webhook-allowed-rate')?.trim() ?? '*';
    if (allowed === '*') return wanted;
    if (!/^[1-9]\d{0,8}$/.test(allowed)) throw refused('WebHook-Allowed-Rate is neither * nor a number a minute.');
    if (perMinute !== null && perMinute <= Number(allowed)) return wanted;
    return Number(allowed) > MOST_PER_MINUTE ? null : { per_minute: Number(allowed) };
  }

  async #ask(url: string, perMinute: number | null): Promise<Answer['headers']> {
    const { origin, pathname, search } = new URL(url);
    const { status, headers } = await exchange(
      this.#pool,
      {
        method: 'OPTIONS',
        origin,
        path: pathname + search,
        headers: {
          'webhook-request-origin': this.#origin,
          ...(perMinute === null ? {} : { 'webhook-request-rate': String(perMinute) }),
        },
      },
      this.#limits,
      AbortSignal.timeout(this.#connectTimeout + this.#limits.headersTimeout),
    ).catch((error: unknown) => {
      const detail = detailOf(error);
      throw refused(`It could not be asked: ${reasonOf(error)}${detail === null ? '' : ` (${detail})`}.`);
    });
    if (status < 200 || status > 299) throw refused(`It answered ${status}.`);
    return headers;
  }

  beforeApplicationShutdown(): void {
    this.#pool.destroy();
  }
}

const valueOf = (headers: Answer['headers'], name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
};

const perMinuteOf = (rate: RateLimit): number => ('per_minute' in rate ? rate.per_minute : rate.per_second * 60);

const refused = (why: string): Problem =>
  new Problem(400, 'WEBHOOK_HANDSHAKE_REFUSED', `The endpoint did not consent to webhooks. ${why}`, {
    errors: [{ pointer: '/url', detail: 'did not consent to webhooks' }],
  });
