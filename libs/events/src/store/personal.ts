import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { AnyStreamType, DomainEvent, PersonalFields } from '../decider.ts';
import type { EventData } from './upcast.ts';

/** Wraps the keys of people under a key that is not in this database. */
export interface KeyWrapper {
  wrap(key: Uint8Array): Uint8Array;
  /** @throws when it was not wrapped by this wrapper */
  unwrap(wrapped: Uint8Array): Uint8Array;
}

/** Keys of people, by their ids. */
export type PersonKeys = ReadonlyMap<string, KeyObject>;

const NONCE = 12;
const TAG = 16;
const MARK = '$personal';

/**
 * The commit is not waited for: a key is of use only to events that are committed later, and their commit makes this one
 * durable too, as the write-ahead log is written in order.
 */
const MAKE_KEYS = `insert into person_keys (person_id, sealed_key)
  select person_id, sealed_key
  from set_config('synchronous_commit', 'off', true), unnest($1::text[], $2::bytea[]) as made(person_id, sealed_key)
  on conflict do nothing returning person_id`;

/** How a personal field stands in the log: whose it is, and AES-256-GCM of its JSON under that person's key. */
interface Sealed {
  readonly [MARK]: string;
  readonly v: string;
}

/** Encrypts and decrypts the personal fields of events. Forgetting a person is deleting their key. */
export class PersonalData {
  readonly #fields = new Map<string, PersonalFields>();
  readonly #keys = new LRUCache<string, KeyObject>({ max: 20_000 });
  /** How often keys have been dropped: what was being read from the database meanwhile may be gone. */
  #forgettings = 0;

  constructor(
    private readonly pool: Pool,
    private readonly wrapper: KeyWrapper,
    streams: readonly AnyStreamType[],
  ) {
    for (const stream of streams) {
      for (const [type, fields] of Object.entries(stream.personal ?? {})) this.#fields.set(type, fields);
    }
  }

  /** The person whose data the event holds, if any. */
  personOf(event: DomainEvent): string | undefined {
    return this.#fields.get(event.type)?.person(event) ?? undefined;
  }

  /** The keys of these people, for `seal`; those that do not exist yet are made. */
  async keysOf(people: ReadonlySet<string>): Promise<PersonKeys> {
    const keys = new Map<string, KeyObject>();
    const missing: string[] = [];
    for (const person of people) {
      const key = this.#keys.get(person);
      if (key === undefined) missing.push(person);
      else keys.set(person, key);
    }
    if (missing.length === 0) return keys;
    const before = this.#forgettings;
    const made = new Map(missing.map((person) => [person, randomBytes(32)]));
    const { rows } = await this.pool.query<{ person_id: string }>({
      name: 'make_person_keys',
      text: MAKE_KEYS,
      values: [missing, [...made.values()].map((key) => this.wrapper.wrap(key))],
    });
    for (const { person_id } of rows) {
      const bytes = made.get(person_id);
      if (bytes === undefined) continue;
      const key = createSecretKey(bytes);
      keys.set(person_id, key);
      if (before === this.#forgettings) this.#keys.set(person_id, key);
    }
    // Two processes may make a key for one person at once: the first stays, and both read which it is.
    const others = missing.filter((person) => !keys.has(person));
    for (const [person, key] of await this.#fetch(others)) keys.set(person, key);
    // Somebody may be forgotten between the two looks: then the key that is made next is the one that counts.
    return others.every((person) => keys.has(person)) ? keys : this.keysOf(people);
  }

  /** The event's fields as they are written. @param keys as `keysOf` gave them for the event's person */
  seal(eventId: string, event: DomainEvent, keys: PersonKeys): EventData {
    const { type, ...data } = event as DomainEvent & EventData;
    const personal = this.#fields.get(type);
    const person = personal?.person(event);
    if (personal === undefined || person === undefined || person === null) return data;
    const key = keys.get(person);
    if (key === undefined) throw new Error(`no key for ${person}`);
    for (const field of personal.fields) {
      if (data[field] === undefined || data[field] === null) continue;
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(`${eventId}.${field}`));
      const body = Buffer.concat([
        nonce,
        cipher.update(JSON.stringify(data[field])),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      data[field] = { [MARK]: person, v: body.toString('base64') } satisfies Sealed;
    }
    return data;
  }

  /** Decrypts the fields of events in place; what belongs to forgotten people becomes null. */
  async open(events: readonly { readonly id: string; readonly data: EventData }[]): Promise<void> {
    const sealed = events.flatMap(({ id, data }) =>
      Object.entries(data).flatMap(([field, value]) => (isSealed(value) ? [{ id, data, field, value }] : [])),
    );
    if (sealed.length === 0) return;
    const people = new Set(sealed.map(({ value }) => value[MARK]));
    const keys = await this.#known(people);
    for (const { id, data, field, value } of sealed) {
      const key = keys.get(value[MARK]);
      data[field] = key === undefined ? null : unseal(key, value.v, `${id}.${field}`);
    }
  }

  async deleteKey(person: string): Promise<void> {
    await this.pool.query('delete from person_keys where person_id = $1', [person]);
    this.forgetCached(person);
  }

  forgetCached(person: string): void {
    this.#forgettings += 1;
    this.#keys.delete(person);
  }

  forgetAllCached(): void {
    this.#forgettings += 1;
    this.#keys.clear();
  }

  /** Keys of those people who have one. */
  async #known(people: ReadonlySet<string>): Promise<PersonKeys> {
    const keys = new Map<string, KeyObject>();
    for (const person of people) {
      const key = this.#keys.get(person);
      if (key !== undefined) keys.set(person, key);
    }
    for (const [person, key] of await this.#fetch([...people].filter((person) => !keys.has(person))))
      keys.set(person, key);
    return keys;
  }

  async #fetch(people: readonly string[]): Promise<PersonKeys> {
    if (people.length === 0) return new Map();
    const before = this.#forgettings;
    const { rows } = await this.pool.query<{ person_id: string; sealed_key: Buffer }>({
      name: 'person_keys',
      text: 'select person_id, sealed_key from person_keys where person_id = any($1)',
      values: [people],
    });
    if (before !== this.#forgettings) return this.#fetch(people);
    const keys = new Map(
      rows.map(({ person_id, sealed_key }) => [person_id, createSecretKey(this.wrapper.unwrap(sealed_key))]),
    );
    for (const [person, key] of keys) this.#keys.set(person, key);
    return keys;
  }
}

const isSealed = (value: unknown): value is Sealed => typeof value === 'object' && value !== null && MARK in value;

/** A value that was sealed under a key since deleted (the person came back with a new one) is forgotten too. */
const unseal = (key: KeyObject, text: string, context: string): unknown => {
  const body = Buffer.from(text, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, NONCE), { authTagLength: TAG })
    .setAAD(Buffer.from(context))
    .setAuthTag(body.subarray(-TAG));
  const plain = decipher.update(body.subarray(NONCE, -TAG));
  try {
    return JSON.parse(Buffer.concat([plain, decipher.final()]).toString()) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    return null;
  }
};
