import Stripe from 'stripe';
import type { SnapshotEvent, ThinEvent } from './objects.ts';
import type { World } from './world.ts';

/** Minutes after the first attempt at which a delivery that failed is tried again, over 3 days. */
const RETRIES = [5, 30, 120, 300, 600, 1320, 2040, 2760, 3480, 4200];

export interface Delivery {
  /** Of the event: `evt_…`. */
  readonly event: string;
  readonly type: string;
  /** Id of the object that the event is about. */
  readonly object: string | undefined;
  /** Endpoint or destination. */
  readonly to: string;
  readonly url: string;
  readonly body: string;
  readonly thin: boolean;
  /** When the event happened. */
  readonly since: number;
  /** Status of each attempt; 0 = no answer. */
  readonly attempts: number[];
}

/** How a delivery differs from an honest one. */
export interface Disguise {
  /** Signed with a secret that is not the endpoint's. */
  readonly signature?: 'wrong' | 'missing' | 'one byte off';
  /** Seconds by which the signature is younger (below zero) or ahead. */
  readonly stamp?: number;
  /** Sent instead of the body, but signed as the original: `body => JSON.stringify(JSON.parse(body), null, 1)`. */
  readonly body?: (body: string) => string;
  /** Changes the event before it is signed: `livemode`, `account`. */
  readonly event?: (event: Record<string, unknown>) => object;
  readonly times?: number;
}

/**
 * Sends signed events to the registered endpoints. While `hold` is in force they wait in `held`, for a test to release them in
 * any order, more than once, changed, or never.
 */
export class Webhooks {
  /** Deliveries that wait, in the order of their events. */
  held: Delivery[] = [];
  /** All that were sent. */
  readonly sent: Delivery[] = [];
  /** Whether an answer of the API waits until the webhooks of its events were answered. */
  beforeAnswer = false;
  #holding = false;
  #drops: ((delivery: Delivery) => boolean)[] = [];
  readonly #underway = new Set<Promise<unknown>>();
  readonly #crypto: Stripe;

  constructor(private readonly world: World) {
    this.#crypto = new Stripe('sk_test_signer');
    world.listener = { snapshot: (event) => this.#snapshot(event), thin: (event) => this.#thin(event) };
  }

  hold(): void {
    this.#holding = true;
  }

  /** Sends what was held, in this order (that of the events), one after the other; what comes later is sent at once again. */
  async release(order: (held: readonly Delivery[]) => readonly Delivery[] = (held) => held): Promise<void> {
    this.#holding = false;
    const deliveries = order(this.held);
    this.held = [];
    for (const delivery of deliveries) await this.send(delivery);
  }

  /** Loses these deliveries for good; @returns what stops it */
  drop(which: (delivery: Delivery) => boolean): () => void {
    this.#drops.push(which);
    this.held = this.held.filter((delivery) => !which(delivery));
    return () => {
      this.#drops = this.#drops.filter((one) => one !== which);
    };
  }

  /** Sends a delivery now; @returns the status of each sending (0 = no answer) */
  async send(delivery: Delivery, disguise: Disguise = {}): Promise<number[]> {
    const statuses: number[] = [];
    for (let count = 0; count < (disguise.times ?? 1); count += 1) {
      const status = await this.#post(delivery, disguise);
      delivery.attempts.push(status);
      statuses.push(status);
    }
    if (!this.sent.includes(delivery)) this.sent.push(delivery);
    return statuses;
  }

  /** Waits until all that is under way was answered. */
  async idle(): Promise<void> {
    while (this.#underway.size > 0) await Promise.all(this.#underway);
  }

  /** A delivery of an event to an endpoint, whether it was sent before or not. */
  deliveryOf(event: SnapshotEvent, endpoint: string): Delivery {
    const found = this.world.endpoints.get(endpoint);
    if (found === undefined) throw new Error(`no endpoint ${endpoint}`);
    const { object } = event.data as { object: { id?: string } };
    // An endpoint without a version gets events in the account's.
    const body = JSON.stringify({ ...event, api_version: found.api_version ?? event.api_version }, null, 2);
    return {
      event: event.id,
      type: event.type,
      object: object.id,
      to: endpoint,
      url: found.url,
      body,
      thin: false,
      since: event.created,
      attempts: [],
    };
  }

  #snapshot(event: SnapshotEvent): void {
    for (const { id, enabled_events, status } of this.world.endpoints.all()) {
      if (status === 'disabled' || !(enabled_events.includes('*') || enabled_events.includes(event.type))) continue;
      this.#dispatch(this.deliveryOf(event, id));
    }
  }

  #thin({ data: _, ...notification }: ThinEvent): void {
    const body = JSON.stringify(notification);
    for (const { id, enabled_events, status, webhook_endpoint } of this.world.destinations.all()) {
      if (status === 'disabled' || !(enabled_events.includes('*') || enabled_events.includes(notification.type)))
        continue;
      const object = notification.related_object?.id;
      const { url } = webhook_endpoint;
      this.#dispatch({
        event: notification.id,
        type: notification.type,
        object,
        to: id,
        url,
        body,
        thin: true,
        since: this.world.now(),
        attempts: [],
      });
    }
  }

  #dispatch(delivery: Delivery): void {
    if (this.#drops.some((drops) => drops(delivery))) return;
    if (this.#holding) this.held.push(delivery);
    else this.#background(delivery);
  }

  #background(delivery: Delivery): void {
    const sending = this.send(delivery).then(([status = 0]) => {
      if (status < 200 || status > 299) this.#again(delivery);
    });
    this.#underway.add(sending);
    void sending.finally(() => this.#underway.delete(sending));
  }

  #again(delivery: Delivery): void {
    const minutes = RETRIES[delivery.attempts.length - 1];
    if (minutes === undefined) return;
    const at = delivery.since + minutes * 60;
    this.world.timers.set(`deliver ${delivery.event} ${delivery.to}`, at, () => this.#dispatch(delivery));
  }

  async #post({ body, url, to }: Delivery, disguise: Disguise): Promise<number> {
    const changed =
      disguise.event === undefined
        ? body
        : JSON.stringify(disguise.event(JSON.parse(body) as Record<string, unknown>), null, 2);
    const secrets = this.world.secrets.get(to) ?? [];
    const timestamp = this.world.present() + (disguise.stamp ?? 0);
    const sign = (secret: string): string =>
      this.#crypto.webhooks.generateTestHeaderString({ payload: changed, secret, timestamp });
    const headers = disguise.signature === 'wrong' ? [sign('whsec_of_somebody_else')] : secrets.map(sign);
    // While a secret is rotated, each of both signs.
    const [first = '', ...others] = headers;
    const signature = [first, ...others.map((header) => header.replace(/^t=\d+,/, ''))].join(',');
    const off =
      disguise.signature === 'one byte off' ? signature.replace(/.$/, (last) => (last === '0' ? '1' : '0')) : signature;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
          ...(disguise.signature !== 'missing' && { 'stripe-signature': off }),
        },
        body: disguise.body?.(changed) ?? changed,
        signal: AbortSignal.timeout(20_000),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    }
  }
}
