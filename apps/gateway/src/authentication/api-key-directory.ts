import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type ApiKeyState, apiKeyStream } from '#domain/identity/api-key/api-key';
import type { EventStore } from '#events/store';
import type { Principal } from '#platform/auth/principal';
import type { MasterKey } from '#platform/crypto/keys';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE, MASTER_KEY } from '#platform/service';

/**
 * Finds the API key for a text. The key of a hash never changes, so it is cached. The key's stream shows whether it is still
 * valid; the store keeps the stream in memory and up to date. So a revocation takes effect immediately in the process that
 * made it, and within a second in all others.
 */
@Injectable()
export class ApiKeyDirectory {
  readonly #ids = new LRUCache<string, string>({ max: 50_000 });
  readonly #principals = new WeakMap<ApiKeyState, Principal>();

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
  ) {}

  /** @returns the principal of the key; undefined if there is no such key or it has been revoked */
  async find(text: string): Promise<Principal | undefined> {
    const hash = hashOf(this.masterKey, text);
    const id = this.#ids.get(hash) ?? (await this.#lookUp(hash));
    if (id === undefined) return undefined;
    const { state } = this.store.peek(apiKeyStream, id) ?? (await this.store.load(apiKeyStream, id));
    return state.status === 'active' ? this.#principal(id, state) : undefined;
  }

  /** Whether the key with this id is still valid. */
  async isActive(id: string): Promise<boolean> {
    const { state } = this.store.peek(apiKeyStream, id) ?? (await this.store.load(apiKeyStream, id));
    return state.status === 'active';
  }

  async #lookUp(hash: string): Promise<string | undefined> {
    const { rows } = await this.database.pool.query<{ id: string }>({
      name: 'api-key-by-hash',
      text: 'select id from api_keys where hash = $1',
      values: [hash],
    });
    const id = rows[0]?.id;
    if (id !== undefined) this.#ids.set(hash, id);
    return id;
  }

  #principal(id: string, state: Extract<ApiKeyState, { status: 'active' | 'revoked' }>): Principal {
    let principal = this.#principals.get(state);
    if (principal === undefined) {
      principal = { actor: { type: 'api_key', id }, scopes: state.scopes, product_id: state.product_id };
      this.#principals.set(state, principal);
    }
    return principal;
  }
}

/** The form in which a key is stored and looked up. */
export const hashOf = (masterKey: MasterKey, text: string): string => masterKey.hash('api-key', text);
