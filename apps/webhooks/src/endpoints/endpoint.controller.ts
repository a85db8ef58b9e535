import { Controller, Inject } from '@nestjs/common';
import { newId } from '#domain/shared/id';
import type { EndpointSettings } from '#domain/webhooks/webhook-endpoint/settings';
import {
  type WebhookEndpoint,
  type WebhookEndpointEvent,
  type WebhookEndpointState,
  webhookEndpointStream,
} from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import {
  decide,
  visible,
  type WebhookEndpointCommand,
} from '#domain/webhooks/webhook-endpoint/webhook-endpoint.commands';
import { refuse } from '#domain/webhooks/webhook-endpoint/webhook-endpoint.errors';
import type { EventStore, Outcome } from '#events/store';
import { realTime } from '#platform/clock/clock';
import { EventTypes } from '#platform/events/event-types';
import type { MasterKey } from '#platform/crypto/keys';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { etag } from '#platform/http/preconditions';
import { Problem } from '#platform/http/problem';
import { EVENT_STORE, MASTER_KEY } from '#platform/service';
import { WebhooksSettings } from '../webhooks.settings.ts';
import { KnownProducts } from '../products/known-products.ts';
import { type AddressRule, refusedAddresses } from '../sending/addresses.ts';
import {
  createWebhook,
  deleteWebhook,
  listWebhooks,
  readWebhook,
  rotateWebhookSecret,
  updateWebhook,
} from './endpoint.endpoints.ts';
import { EndpointList } from './endpoint.list.ts';
import { Handshake } from './handshake.ts';
import { checkEvents, checkUrl } from './endpoint.rules.ts';
import { newSecret, newSigningKey, sealCredential, sealSecret } from './secret.ts';
import { newSettings, settingsFrom, shownSettings } from './settings.ts';

type Handled = Outcome<WebhookEndpointState, WebhookEndpointEvent>;

@Controller()
export class EndpointController {
  readonly #refused: AddressRule;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
    settings: WebhooksSettings,
    private readonly list: EndpointList,
    private readonly products: KnownProducts,
    private readonly handshake: Handshake,
    private readonly types: EventTypes,
  ) {
    this.#refused = refusedAddresses(settings.allow_cidrs);
  }

  @Endpoint(createWebhook)
  async create(call: Call<typeof createWebhook>): Promise<Answer> {
    const {
      url,
      events,
      product_id = null,
      description = null,
      ordering = 'none',
      active = true,
      handshake = false,
      ...given
    } = call.body;
    checkUrl(url, this.#refused);
    checkEvents(events, this.types);
    await this.#checkProduct(product_id, call.principal.product_id);
    const id = newId('whk');
    const secret = newSecret();
    const signing_key = newSigningKey(this.masterKey, id);
    const chosen = { ...newSettings(), ...settingsFrom(given, {}, this.#sealing(id), this.#refused) };
    const settings = handshake ? await this.#agreed(url, chosen, {}) : chosen;
    const command = {
      type: 'CreateWebhookEndpoint',
      product_id,
      url,
      description,
      events,
      ordering,
      active,
      secret: sealSecret(this.masterKey, id, secret),
      signing_key,
      settings,
      maker_product_id: call.principal.product_id,
    } as const;
    const answer = ({ version, events: recorded }: Handled): Answer =>
      new Answer(
        201,
        {
          id,
          product_id,
          url,
          description,
          events: [...new Set(events)],
          ordering,
          active,
          disabled_reason: active ? null : 'operator',
          disabled_at: active ? null : (recorded[0]?.recorded_at ?? null),
          created_at: recorded[0]?.recorded_at,
          ...shownSettings(settings),
          public_key: signing_key.public_key,
          circuit: { state: 'closed', failures: 0, opened_at: null, next_probe_at: null },
          secret,
        },
        { location: `/api/v1/admin/webhooks/${id}`, etag: etag(version) },
      );
    return answer(
      await this.store.handle(webhookEndpointStream, id, (state) => decide(command, state), call.command(answer)),
    );
  }

  @Endpoint(listWebhooks)
  page(call: Call<typeof listWebhooks>): Promise<unknown> {
    return this.list.page(call.query, call.principal.product_id);
  }

  @Endpoint(readWebhook)
  read(call: Call<typeof readWebhook>): Promise<Answer> {
    return this.#read(call.params.id, call.principal.product_id);
  }

  @Endpoint(updateWebhook)
  async update(call: Call<typeof updateWebhook>): Promise<Answer> {
    const { url, events, description, active, handshake = false, ...given } = call.body;
    const { id } = call.params;
    const maker_product_id = call.principal.product_id;
    const webhook = await this.#visible(id, maker_product_id);
    if (url !== undefined) checkUrl(url, this.#refused);
    if (events !== undefined) checkEvents(events, this.types);
    const chosen = settingsFrom(given, webhook.settings, this.#sealing(id), this.#refused);
    const settings = handshake ? await this.#agreed(url ?? webhook.url, chosen, webhook.settings) : chosen;
    const changes = { url, events, description, active, settings };
    await this.#handle(call, { type: 'UpdateWebhookEndpoint', ...changes, maker_product_id });
    if (url !== undefined || active === true) await this.list.closeCircuit(id);
    return this.#read(id, maker_product_id);
  }

  @Endpoint(deleteWebhook)
  async delete(call: Call<typeof deleteWebhook>): Promise<Answer> {
    const maker_product_id = call.principal.product_id;
    await this.#visible(call.params.id, maker_product_id);
    await this.#handle(call, { type: 'DeleteWebhookEndpoint', maker_product_id });
    return new Answer(204, null);
  }

  @Endpoint(rotateWebhookSecret)
  async rotate(call: Call<typeof rotateWebhookSecret>): Promise<Answer> {
    const { id } = call.params;
    const maker_product_id = call.principal.product_id;
    await this.#visible(id, maker_product_id);
    const secret = newSecret();
    const signing_key = newSigningKey(this.masterKey, id);
    const command = {
      type: 'RotateWebhookSecret',
      secret: sealSecret(this.masterKey, id, secret),
      signing_key,
      now: new Date(realTime()).toISOString(),
      maker_product_id,
    } as const;
    const answer = ({ version, events: [recorded] }: Handled): Answer => {
      const event = recorded?.event;
      const previous_valid_until =
        event?.type === 'webhook.endpoint_secret_rotated' ? event.previous_valid_until : null;
      return new Answer(
        200,
        { id, secret, public_key: signing_key.public_key, previous_valid_until },
        { etag: etag(version) },
      );
    };
    return answer(
      await this.store.handle(webhookEndpointStream, id, (state) => decide(command, state), call.command(answer)),
    );
  }

  /** Settings, with the rate that the endpoint allows. */
  async #agreed(url: string, chosen: EndpointSettings, before: EndpointSettings): Promise<EndpointSettings> {
    const wanted = chosen.rate_limit === undefined ? (before.rate_limit ?? null) : chosen.rate_limit;
    return { ...chosen, rate_limit: await this.handshake.rate(url, wanted) };
  }

  #sealing(id: string): (value: string) => string {
    return (value) => sealCredential(this.masterKey, id, value);
  }

  async #handle(
    { params, metadata, if_match }: { params: { id: string } } & Pick<Call, 'metadata' | 'if_match'>,
    command: WebhookEndpointCommand,
  ): Promise<void> {
    await this.store.handle(webhookEndpointStream, params.id, (state) => decide(command, state), {
      metadata: metadata(),
      ...(if_match && { expectedVersion: if_match }),
    });
  }

  async #read(id: string, boundTo: string | null): Promise<Answer> {
    const found = await this.list.one(id, boundTo);
    if (found === undefined) return refuse('WEBHOOK_NOT_FOUND');
    return new Answer(200, found.webhook, { etag: found.etag });
  }

  /** Runs before If-Match is compared, so that a 412 does not reveal webhooks of other products. */
  async #visible(id: string, maker_product_id: string | null): Promise<WebhookEndpoint> {
    const { state } = await this.store.load(webhookEndpointStream, id);
    return visible({ maker_product_id }, state);
  }

  /** To a key bound to a product, webhooks of other products do not exist. */
  async #checkProduct(product_id: string | null, boundTo: string | null): Promise<void> {
    if (product_id === null) return;
    const mayKnow = boundTo === null || boundTo === product_id;
    if (!mayKnow || !(await this.products.has(product_id))) {
      throw new Problem(404, 'PRODUCT_NOT_FOUND', 'There is no such product.');
    }
  }
}
