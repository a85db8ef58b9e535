import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { decide } from '#domain/identity/api-key/api-key.commands';
import { apiKeyStream } from '#domain/identity/api-key/api-key';
import { newId } from '#domain/shared/id';
import { lockKey } from '#events/leader';
import type { EventStore } from '#events/store';
import type { MasterKey } from '#platform/crypto/keys';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE, MASTER_KEY } from '#platform/service';
import { AuthenticationSettings } from './authentication.settings.ts';
import { newApiKeyText, prefixOf } from '../api-keys/key-text.ts';
import { hashOf } from './api-key-directory.ts';

/** The first key of an installation, to be printed on the terminal. */
export interface FirstKey {
  readonly key: string;
  /** `configured`: the key was given in KEYLEDGER_BOOTSTRAP_API_KEY. */
  readonly origin: 'configured' | 'generated';
}

/** Minimum length in characters. Lock-outs slow down guessing, but a short word could still be guessed. */
const SHORTEST = 8;

/**
 * Ensures that an admin can access the API: if there is no valid system-wide admin key when the process starts, it creates
 * one. This happens at the first start, and after the last such key was revoked, which would otherwise lock all users out.
 */
@Injectable()
export class BootstrapKey implements OnApplicationBootstrap {
  #ensured: Promise<FirstKey | undefined> | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
    private readonly settings: AuthenticationSettings,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.ensure();
  }

  /** @returns the key that this process created at its start, to be shown once; undefined when there was one already */
  ensure(): Promise<FirstKey | undefined> {
    this.#ensured ??= this.#ensure();
    return this.#ensured;
  }

  /** One of the instances that start together creates the key; the others wait, and find it. */
  async #ensure(): Promise<FirstKey | undefined> {
    const client = await this.database.pool.connect();
    const lock = lockKey(`keyledger:bootstrap-key:${this.database.schema}`);
    try {
      await client.query('select pg_advisory_lock($1)', [lock]);
      const { rows } = await client.query(
        `select from api_keys where revoked_at is null and product_id is null and scopes ? 'admin' limit 1`,
      );
      return rows.length > 0 ? undefined : await this.#make();
    } finally {
      await client.query('select pg_advisory_unlock($1)', [lock]);
      client.release();
    }
  }

  async #make(): Promise<FirstKey> {
    const configured = this.settings.bootstrap_api_key;
    if (configured !== undefined && !(await this.#usedBefore(configured))) {
      if (configured.length < SHORTEST || !/^[\x21-\x7e]+$/.test(configured)) {
        throw new Error(
          `KEYLEDGER_BOOTSTRAP_API_KEY must be ${SHORTEST} or more visible ASCII characters without spaces.`,
        );
      }
      await this.#create(configured, prefixOf(configured));
      return { key: configured, origin: 'configured' };
    }
    const { text, prefix } = newApiKeyText();
    await this.#create(text, prefix);
    return { key: text, origin: 'generated' };
  }

  /** A revoked key is not created again, even if the environment still contains it. */
  async #usedBefore(text: string): Promise<boolean> {
    const { rows } = await this.database.pool.query('select from api_keys where hash = $1', [
      hashOf(this.masterKey, text),
    ]);
    return rows.length > 0;
  }

  async #create(text: string, prefix: string): Promise<void> {
    const hash = hashOf(this.masterKey, text);
    await this.store.handle(
      apiKeyStream,
      newId('key'),
      (state) =>
        decide(
          {
            type: 'CreateApiKey',
            name: 'First admin key',
            scopes: ['admin'],
            product_id: null,
            prefix,
            hash,
            maker_product_id: null,
          },
          state,
        ),
      { metadata: { actor: { type: 'system', id: 'bootstrap' }, correlation_id: newId('req') } },
    );
  }
}
