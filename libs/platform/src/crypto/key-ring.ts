import { randomBytes } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { lockKey } from '#events/leader';
import { inTransaction } from '#events/subscription/transaction';
import { ConfigError } from '../config/config-error.ts';
import { type MasterKey, type RootKey, sealedUnder } from './keys.ts';
import { createMasterKey } from './master-key.ts';
import type { MasterKeys } from './master-keys.ts';

/** How often an open ring reads its keys again, in milliseconds. */
export const REFRESH_MS = 2_000;

export interface RingOptions {
  /** Connections whose `search_path` is the service's schema. */
  readonly pool: Pool;
  readonly schema: string;
  readonly masters: MasterKeys;
  /** How often the ring reads its keys again, in milliseconds (default `REFRESH_MS`). */
  readonly refreshMs?: number;
  /** Receives the error when the ring cannot read its keys again. The ring keeps its current keys. */
  readonly onError: (error: unknown) => void;
}

/** Seals and hashes for a service with the service's own keys, which are stored wrapped under the master key. */
export interface KeyRing extends MasterKey {
  /** Stops reading new keys. */
  close(): Promise<void>;
}

interface RootRow {
  readonly kid: string;
  readonly wrapped: string;
  readonly hashes: boolean;
  readonly seals: boolean;
}

interface Roots {
  readonly byKid: ReadonlyMap<string, RootKey>;
  readonly sealing: RootKey;
  readonly hashing: RootKey;
}

/**
 * Opens a service's key ring, and creates it if there is none. The hashing key is the first master key itself (the last of
 * `masters`), so that all services that started with it derive the same id for a person; the sealing key is random.
 * @throws ConfigError when it is wrapped under a master key that is not among `masters`
 */
export const openKeyRing = async (options: RingOptions): Promise<KeyRing> => {
  await begin(options);
  const ring = new OpenRing(options, await read(options));
  ring.watch();
  return ring;
};

class OpenRing implements KeyRing {
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;

  constructor(
    private readonly options: RingOptions,
    private roots: Roots,
  ) {}

  seal(purpose: string, plaintext: string | Uint8Array, context?: string): string {
    return this.roots.sealing.seal(purpose, plaintext, context);
  }

  open(purpose: string, sealed: string, context?: string): Uint8Array {
    const under = sealedUnder(sealed);
    const root = this.roots.byKid.get(under);
    if (root === undefined) throw new Error(`sealed under a key that ${this.options.schema} does not have (${under})`);
    return root.open(purpose, sealed, context);
  }

  hash(purpose: string, value: string): string {
    return this.roots.hashing.hash(purpose, value);
  }

  watch(): void {
    this.#timer = setInterval(() => {
      this.#reading ??= this.#readAnew().finally(() => (this.#reading = undefined));
    }, this.options.refreshMs ?? REFRESH_MS).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reading;
  }

  async #readAnew(): Promise<void> {
    try {
      this.roots = await read(this.options, this.roots.byKid);
    } catch (error) {
      this.options.onError(error);
    }
  }
}

/** Uses the database's clock, so that all instances switch to a new key at the same time. */
const SELECT = `select kid, wrapped, hashes, seals_from is not null and seals_from <= now() as seals
  from root_keys order by seals_from desc nulls last`;

/**
 * @param known keys that are already unwrapped; they cannot be unwrapped again once they are wrapped under the next master
 *   key
 */
const read = async ({ pool, schema, masters }: RingOptions, known?: Roots['byKid']): Promise<Roots> => {
  const { rows } = await pool.query<RootRow>({ name: 'root_keys', text: SELECT });
  const byKid = new Map<string, RootKey>();
  for (const { kid, wrapped } of rows)
    byKid.set(kid, known?.get(kid) ?? createMasterKey(unwrap({ kid, wrapped }, masters, schema)));
  const [sealing, hashing] = [rows.find(({ seals }) => seals), rows.find(({ hashes }) => hashes)].map(
    (row) => row && byKid.get(row.kid),
  );
  if (sealing === undefined || hashing === undefined) throw new Error(`the keys of ${schema} are not complete`);
  return { byKid, sealing, hashing };
};

/** The 32 bytes of a key. @throws ConfigError when none of the master keys wrapped it */
export const unwrap = (
  { kid, wrapped }: Pick<RootRow, 'kid' | 'wrapped'>,
  masters: MasterKeys,
  schema: string,
): Uint8Array => {
  const under = sealedUnder(wrapped);
  const master = masters.find((one) => one.kid === under);
  if (master === undefined) {
    throw new ConfigError(
      `The keys of ${schema} are kept under another master key (${under}; KEYLEDGER_MASTER_KEY is ${masters[0].kid}). ` +
        'Set KEYLEDGER_MASTER_KEY to that one, or name it in KEYLEDGER_PREVIOUS_MASTER_KEYS.',
    );
  }
  return master.open('root-key', wrapped, kid);
};

export const wrap = (key: Uint8Array, kid: string, master: RootKey): string => master.seal('root-key', key, kid);

/** Held while the ring of a schema is changed. */
export const ringLock = (schema: string): string => lockKey(`keyledger:key-ring:${schema}`);

const begin = ({ pool, schema, masters }: RingOptions): Promise<void> =>
  inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [ringLock(schema)]);
    const { rows } = await client.query('select from root_keys limit 1');
    if (rows.length === 0) await makeFirst(client, masters);
  });

/** Existing sealed values are sealed under the oldest master key. */
const makeFirst = async (client: PoolClient, masters: MasterKeys): Promise<void> => {
  const [present] = masters;
  const oldest = masters.at(-1) ?? present;
  await client.query('insert into root_keys (kid, wrapped, made_under, hashes) values ($1, $2, $3, true)', [
    oldest.kid,
    wrap(oldest.bytes(), oldest.kid, present),
    present.kid,
  ]);
  await addSealing(client, present, 0);
};

/** Adds a random key that seals from `afterMs` on. */
export const addSealing = async (client: PoolClient, master: RootKey, afterMs: number): Promise<void> => {
  const key = randomBytes(32);
  const { kid } = createMasterKey(key);
  await client.query(
    `insert into root_keys (kid, wrapped, made_under, seals_from)
     values ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))`,
    [kid, wrap(key, kid, master), master.kid, afterMs / 1000],
  );
};
