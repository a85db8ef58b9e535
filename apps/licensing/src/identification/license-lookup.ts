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

/** A license with what its use is judged by, each with its version. */
export interface Found {
  readonly id: string;
  readonly license: Loaded<License>;
  readonly plan: Loaded<Plan>;
  readonly product: Loaded<Product>;
  readonly granted: Granted;
}

/** Which license a key was found to open, and the hash that it must still have in that license's state. */
interface Opened {
  readonly id: string;
  readonly hash: string;
}

/** Keys whose licenses are remembered. */
const REMEMBERED = 50_000;

/** From a license key to all that verification needs, from memory when it has been asked for lately. */
@Injectable()
export class LicenseLookup {
  readonly #opened = new LRUCache<string, Opened>({ max: REMEMBERED });
  readonly #fingerprints = new LRUCache<string, string>({ max: REMEMBERED });
  /** Ids by the hashes of keys. */
  readonly #ids = new Gatherer((hashes) => this.#read(hashes));

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly keys: LicenseKeys,
    private readonly entitlements: Entitlements,
  ) {}

  /** At once where everything is in memory; undefined when it is not, which says nothing about the key. */
  remembered(key: string): Found | undefined {
    const opened = this.#opened.get(key);
    const found = opened && this.#peek(opened.id);
    return found?.license.state.key_hash === opened?.hash ? found : undefined;
  }

  /** @returns undefined when there is no such key */
  async byKey(key: string): Promise<Found | undefined> {
    const opened = this.#opened.get(key);
    const found = opened && (await this.byId(opened.id));
    if (found !== undefined && found.license.state.key_hash === opened?.hash) return found;
    // The table knows of a key from the commit that brought it, when the state here may still be of the moment before.
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

  /** Base64url SHA-256 of the normalized identifier: what activations and leases are bound to. */
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

/** A license is never without its plan and product: they were there when it was issued, and streams do not go away. */
const made = (
  id: string,
  license: Loaded<unknown>,
  plan: Loaded<unknown>,
  product: Loaded<unknown>,
): Omit<Found, 'granted'> => ({ id, license, plan, product }) as Found;
