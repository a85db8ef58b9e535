import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { AnyStreamType, DomainEvent, PersonalFields } from '../decider.ts';
import { NotAuthenticError, open, seal } from '../sealing.ts';
import type { EventData } from './upcast.ts';

/** Wraps the keys of people under a key that is stored outside of this database. */
export interface KeyWrapper {
  wrap(key: Uint8Array): Uint8Array;
  /** @throws if another wrapper wrapped it */
  unwrap(wrapped: Uint8Array): Uint8Array;
}

/** Keys of people, by their ids. */
export type PersonKeys = ReadonlyMap<string, KeyObject>;

const MARK = '$personal';

/**
 * Commits without waiting for the disk: only events that are committed later use the key, and their commit makes this one
 * durable too, because the write-ahead log is written in order.
 */
const MAKE_KEYS = `insert into person_keys (person_id, sealed_key)
  select person_id, sealed_key
  from set_config('synchronous_commit', 'off', true), unnest($1::text[], $2::bytea[]) as made(person_id, sealed_key)
  on conflict do nothing returning person_id`;

/** A personal field in the log: the person's id, and base64 of the field's JSON, sealed under that person's key. */
interface Sealed {
  readonly [MARK]: string;
  readonly v: string;
}

/** Encrypts and decrypts the personal fields of events. A person is forgotten by deleting their key. */
export class PersonalData {
  readonly #fields = new Map<string, PersonalFields>();
  readonly #keys = new LRUCache<string, KeyObject>({ max: 5_000 });
  /** Counts how often keys were dropped from the cache: a key that was read before the last drop may be deleted now. */
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

  /** The keys of these people, for `seal`. Creates those that do not exist yet. */
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
    // Two processes may create a key for one person at the same time: the first one stays, and both read it.
    const others = missing.filter((person) => !keys.has(person));
    for (const [person, key] of await this.#fetch(others)) keys.set(person, key);
    // A person may be forgotten between the two queries: then the next created key is used.
    return others.every((person) => keys.has(person)) ? keys : this.keysOf(people);
  }

  /** The event's fields as the log stores them. @param keys the result of `keysOf` for the event's person */
  seal(eventId: string, event: DomainEvent, keys: PersonKeys): EventData {
    const { type, ...data } = event as DomainEvent & EventData;
    const personal = this.#fields.get(type);
    const person = personal?.person(event);
    if (personal === undefined || person === undefined || person === null) return data;
    const key = keys.get(person);
    if (key === undefined) throw new Error(`no key for ${person}`);
    for (const field of personal.fields) {
      if (data[field] === undefined || data[field] === null) continue;
      const sealed = seal(key, JSON.stringify(data[field]), contextOf(eventId, field));
      data[field] = { [MARK]: person, v: sealed.toString('base64') } satisfies Sealed;
    }
    return data;
  }

  /** Decrypts the fields of events in place; fields of forgotten people become null. */
  async open(events: readonly { readonly id: string; readonly data: EventData }[]): Promise<void> {
    const sealed = events.flatMap(({ id, data }) =>
      Object.entries(data).flatMap(([field, value]) => (isSealed(value) ? [{ id, data, field, value }] : [])),
    );
    if (sealed.length === 0) return;
    const people = new Set(sealed.map(({ value }) => value[MARK]));
    const keys = await this.#known(people);
    for (const { id, data, field, value } of sealed) {
      const key = keys.get(value[MARK]);
      data[field] = key === undefined ? null : unseal(key, value, contextOf(id, field));
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

  /** The keys of those people that have one. */
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

/** Binds a sealed field to its event and field name: it opens nowhere else. */
const contextOf = (eventId: string, field: string): string => `${eventId}.${field}`;

/** @returns null also for a value under a deleted key of a person who has a new key since */
const unseal = (key: KeyObject, { v }: Sealed, context: string): unknown => {
  try {
    return JSON.parse(open(key, Buffer.from(v, 'base64'), context).toString()) as unknown;
  } catch (error) {
    if (error instanceof NotAuthenticError) return null;
    throw error;
  }
};
