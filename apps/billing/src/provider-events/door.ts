import { Problem } from '#platform/http/problem';

/** An object at a provider that an event is about, e.g. `invoice` `in_1`. */
export interface ProviderObject {
  readonly kind: string;
  readonly id: string;
}

/**
 * How an event comes: `snapshot` has the object as it was then, `thin` only names it. In either case the present state of the
 * object is at the provider.
 */
export type EventShape = 'snapshot' | 'thin';

/** Why an event is not ours: it is of another account, or of live data where we have test data, or the reverse. */
export const FOREIGN_REASONS = ['other_account', 'other_mode'] as const;
export type ForeignReason = (typeof FOREIGN_REASONS)[number];

/** An event of a provider, with a good signature. */
export interface VerifiedEvent {
  /** The provider's id of it: the same each time that the event is sent. */
  readonly event_id: string;
  readonly type: string;
  /** null = it is about none that has an id. */
  readonly object: ProviderObject | null;
  /** The account at the provider; null = the event names none. */
  readonly account: string | null;
  /** Whether it is about real money. */
  readonly livemode: boolean;
  /** When it happened, by the provider's clock; RFC 3339. */
  readonly created_at: string;
  /** The version of the provider's API in which its objects are written. */
  readonly api_version: string | null;
  readonly shape: EventShape;
  /** null = it is ours. One that is not has no effect. */
  readonly foreign: ForeignReason | null;
}

/** Reads a header of the request by its name in lower case. */
export type ReadHeader = (name: string) => string | undefined;

/** What knows how a provider signs its events, and how they are written. */
export interface ProviderDoor {
  /** `stripe`: the `provider` of subscriptions and invoices. */
  readonly provider: string;
  /**
   * Checks that an event comes from the provider, and reads it.
   * @param raw the body as it was sent
   * @param receivedAt real time
   * @throws BadSignatureError; UnreadableEventError if the signature is good
   */
  verify(raw: Buffer, header: ReadHeader, receivedAt: Date): VerifiedEvent;
}

/** Injection token of the doors of all configured providers, `readonly ProviderDoor[]`. */
export const PROVIDER_DOORS = Symbol('ProviderDoors');

/** The signature does not prove that the provider sent this, and now. */
export class BadSignatureError extends Error {
  override readonly name = 'BadSignatureError';
}

/** The body has a good signature, and none of the shapes that events of the provider have. */
export class UnreadableEventError extends Problem {
  constructor(detail: string) {
    super(422, 'PROVIDER_EVENT_UNREADABLE', detail);
  }
}

/** What names and types consist of, so that they can be kept and shown. */
const NAME = /^[\x21-\x7e]{1,255}$/;

/** A name in an event. @throws UnreadableEventError */
export const nameOf = (value: unknown, field: string): string => {
  if (typeof value === 'string' && NAME.test(value)) return value;
  throw new UnreadableEventError(`The event has no readable \`${field}\`.`);
};

/** A name, or null where there is none. @throws UnreadableEventError */
export const nameOrNull = (value: unknown, field: string): string | null =>
  value === undefined || value === null ? null : nameOf(value, field);
