import { Controller, Inject } from '@nestjs/common';
import { decide, visible } from '#domain/identity/api-key/api-key.commands';
import { type ApiKeyEvent, apiKeyStream, type ApiKeyState } from '#domain/identity/api-key/api-key';
import { refuse } from '#domain/identity/api-key/api-key.errors';
import { newId } from '#domain/shared/id';
import type { EventStore, Outcome } from '#events/store';
import type { MasterKey } from '#platform/crypto/keys';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { EVENT_STORE, MASTER_KEY } from '#platform/service';
import { hashOf } from '../authentication/api-key-directory.ts';
import { createApiKey, listApiKeys, readApiKey, renameApiKey, revokeApiKey } from './api-key.endpoints.ts';
import { ApiKeyList } from './api-key.list.ts';
import { newApiKeyText } from './key-text.ts';

type Keyed = Outcome<ApiKeyState, ApiKeyEvent>;

@Controller()
export class ApiKeyController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
    private readonly list: ApiKeyList,
  ) {}

  @Endpoint(createApiKey)
  async create(call: Call<typeof createApiKey>): Promise<Answer> {
    const { name, scopes, product_id = null } = call.body;
    const { text, prefix } = newApiKeyText();
    const command = {
      type: 'CreateApiKey',
      name,
      scopes,
      product_id,
      prefix,
      hash: hashOf(this.masterKey, text),
      maker_product_id: call.principal.product_id,
    } as const;
    const answer = ({ streamId, version, events }: Keyed): Answer =>
      new Answer(
        201,
        {
          id: streamId,
          name,
          scopes: [...new Set(scopes)],
          product_id,
          prefix,
          status: 'active',
          created_at: events[0]?.recorded_at,
          revoked_at: null,
          last_used: null,
          last_used_ip: null,
          key: text,
        },
        { location: `/api/v1/admin/api-keys/${streamId}`, etag: `"${version}"` },
      );
    return answer(
      await this.store.handle(apiKeyStream, newId('key'), (state) => decide(command, state), call.command(answer)),
    );
  }

  @Endpoint(listApiKeys)
  page(call: Call<typeof listApiKeys>): Promise<unknown> {
    return this.list.page(call.query, call.principal.product_id);
  }

  @Endpoint(readApiKey)
  read(call: Call<typeof readApiKey>): Promise<Answer> {
    return this.#read(call.params.id, call.principal.product_id);
  }

  @Endpoint(renameApiKey)
  async rename(call: Call<typeof renameApiKey>): Promise<Answer> {
    const { name } = call.body;
    const maker_product_id = call.principal.product_id;
    const key = await this.#visible(call.params.id, maker_product_id);
    await this.store.handle(
      apiKeyStream,
      call.params.id,
      (state) => decide({ type: 'RenameApiKey', name: name ?? key.name, maker_product_id }, state),
      { metadata: call.metadata(), expectedVersion: call.if_match },
    );
    return this.#read(call.params.id, maker_product_id);
  }

  @Endpoint(revokeApiKey)
  async revoke(call: Call<typeof revokeApiKey>): Promise<Answer> {
    const maker_product_id = call.principal.product_id;
    await this.#visible(call.params.id, maker_product_id);
    await this.store.handle(
      apiKeyStream,
      call.params.id,
      (state) => decide({ type: 'RevokeApiKey', maker_product_id }, state),
      { metadata: call.metadata(), expectedVersion: call.if_match },
    );
    return new Answer(204, null);
  }

  async #read(id: string, product: string | null): Promise<Answer> {
    const found = await this.list.one(id, product);
    if (found === undefined) return refuse('API_KEY_NOT_FOUND');
    return new Answer(200, found.key, { etag: `"${found.version}"` });
  }

  /** Runs before If-Match is compared, so that a stale version does not reveal keys that the caller may not see. */
  async #visible(id: string, maker_product_id: string | null): Promise<Exclude<ApiKeyState, { status: 'none' }>> {
    const { state } = await this.store.load(apiKeyStream, id);
    return visible({ maker_product_id }, state);
  }
}
