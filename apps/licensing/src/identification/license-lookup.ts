import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type License, licenseStream } from '#domain/licensing/license/license';
import { type Plan, planStream } from '#domain/licensing/plan/plan';
import { type Product, productStream } from '#domain/licensing/product/product';
import type { EventStore, Loaded } from '#events/store';
import { Gatherer } from '#events/gatherer';
import type { ServiceDatabase } from '#platform/database/database';
import { normalizeIdentifier } from '#platform/http/schemas';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { Entitlements, type Granted } from '../entitlements/entitlements.ts';
import { LicenseKeys } from '../license-keys/license-keys.ts';

/** A license with everything that decides whether it may be used, each with its version. */
export interface Found {
  readonly id: string;
  readonly license: Loaded<License>;
  readonly plan: Loaded<Plan>;
  readonly product: Loaded<Product>;
  readonly granted: Granted;
}

/** The license that a key belongs to, and the key hash that the state of the license must still have. */
interface Opened {
  readonly id: string;
  readonly hash: string;
}

/** Maximum number of keys whose licenses are cached. */
const REMEMBERED = 50_000;

/** Finds all that verification needs from a license key; from memory if the key was used recently. */
@Injectable()
export class LicenseLookup {
  readonly #opened = new LRUCache<string, Opened>({ max: REMEMBERED });
  readonly #fingerprints = new LRUCache<string, string>({ max: REMEMBERED });
  /** License ids by key hash. */
  readonly #ids = new Gatherer((hashes) => this.#read(hashes));

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly keys: LicenseKeys,
    private readonly entitlements: Entitlements,
  ) {}

  /** Answers without waiting if everything is in memory. undefined means that it is not; it says nothing about the key. */
  remembered(key: string): Found | undefined {
    const opened = this.#opened.get(key);
    const found = opened && this.#peek(opened.id);
    return found?.license.state.key_hash === opened?.hash ? found : undefined;
  }

  /** @returns undefined if no license has this key */
  async byKey(key: string): Promise<Found | undefined> {
    const opened = this.#opened.get(key);
    const found = opened && (await this.byId(opened.id));
    if (found !== undefined && found.license.state.key_hash === opened?.hash) return found;
    // The table has a new key from its commit on. The state in memory may still be older.
    const id = await this.#find(key);
    return id === undefined ? undefined : this.byId(id);
  }

  async byId(id: string): Promise<Found | undefined> {
    const peeked = this.#peek(id);
    if (peeked !== undefined) return peeked;
    const license = await this.store.load(licenseStream, id);
    if (license.state.status === 'none') return undefined;
    const { product_id, plan_id } = license.state;
    const [plan, product] = await Promise.all([
      this.store.load(planStream, plan_id),
      this.store.load(productStream, product_id),
    ]);
    const found = made(id, license, plan, product);
    return { ...found, granted: await this.entitlements.of(found.license.state, found.plan.state) };
  }

  /** Base64url SHA-256 of the normalized identifier. Activations and leases are bound to it. */
  fingerprint(identifier: string): string {
    let hash = this.#fingerprints.get(identifier);
    if (hash === undefined) {
      hash = createHash('sha256').update(normalizeIdentifier(identifier)).digest('base64url');
      this.#fingerprints.set(identifier, hash);
    }
    return hash;
  }

  #peek(id: string): Found | undefined {
    const license = this.store.peek(licenseStream, id);
    if (license === undefined || license.state.status === 'none') return undefined;
    const plan = this.store.peek(planStream, license.state.plan_id);
    const product = this.store.peek(productStream, license.state.product_id);
    if (plan === undefined || product === undefined) return undefined;
    const found = made(id, license, plan, product);
    const granted = this.entitlements.remembered(found.license.state, found.plan.state);
    return granted && { ...found, granted };
  }

  async #find(key: string): Promise<string | undefined> {
    const hash = this.keys.hash(key);
    const id = await this.#ids.get(hash);
    if (id === undefined) this.#opened.delete(key);
    else this.#opened.set(key, { id, hash });
    return id;
  }

  async #read(hashes: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { rows } = await this.database.pool.query<{ id: string; key_hash: string }>({
      name: 'licenses_by_key',
      text: 'select id, key_hash from licenses where key_hash = any($1)',
      values: [hashes],
    });
    return new Map(rows.map(({ id, key_hash }) => [key_hash, id]));
  }
}

/** A license always has its plan and product: they existed when it was issued, and streams are never deleted. */
const made = (
  id: string,
  license: Loaded<unknown>,
  plan: Loaded<unknown>,
  product: Loaded<unknown>,
): Omit<Found, 'granted'> => ({ id, license, plan, product }) as Found;
