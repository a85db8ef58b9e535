import { isUtf8 } from 'node:buffer';
import type { Stripe } from 'stripe';
import {
  BadSignatureError,
  type ForeignReason,
  nameOf,
  nameOrNull,
  type ProviderDoor,
  type ReadHeader,
  UnreadableEventError,
  type VerifiedEvent,
} from '../door.ts';
import type { StripeSettings } from './stripe.settings.ts';

/** How far the time of a signature may be from ours, in both directions, in seconds: Stripe's own tolerance. */
const TOLERANCE_SECONDS = 300;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** An event without what only our settings decide. */
type ReadEvent = Omit<VerifiedEvent, 'foreign'>;

/** Stripe's webhooks: snapshots of its API v1, and thin events of its API v2. */
export class StripeDoor implements ProviderDoor {
  readonly provider = 'stripe';

  /** @param client makes no calls here */
  constructor(
    private readonly client: Stripe,
    private readonly settings: Pick<StripeSettings, 'webhook_secrets' | 'account' | 'livemode'>,
  ) {}

  verify(raw: Buffer, header: ReadHeader, receivedAt: Date): VerifiedEvent {
    const signature = header('stripe-signature');
    if (signature === undefined) throw new BadSignatureError('There is no Stripe-Signature.');
    checkTime(signature, receivedAt);
    // The client drops a byte order mark and replaces broken bytes before it verifies: such a body is not what was signed.
    if (!isUtf8(raw) || raw.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) throw mismatch();
    const secret = this.#secretOf(raw, signature, receivedAt);
    const event = this.#read(raw, signature, secret, receivedAt);
    return { ...event, foreign: this.#foreign(event) };
  }

  /** The secret that the event was signed with. While a secret is rotated there are several. */
  #secretOf(raw: Buffer, signature: string, receivedAt: Date): string {
    const found = this.settings.webhook_secrets.find((secret) => {
      try {
        return this.client.webhooks.signature?.verifyHeader(
          ...[raw, signature, secret, TOLERANCE_SECONDS, undefined, receivedAt.getTime()],
        );
      } catch {
        return false;
      }
    });
    if (found === undefined) throw mismatch();
    return found;
  }

  /** Reads the body, only after its signature was found good: to parse it costs more. */
  #read(raw: Buffer, signature: string, secret: string, receivedAt: Date): ReadEvent {
    const signed = [raw, signature, secret, TOLERANCE_SECONDS, undefined, receivedAt.getTime()] as const;
    switch (objectOf(raw)) {
      case 'event':
        return snapshot(this.client.webhooks.constructEvent(...signed));
      case 'v2.core.event':
        return thin(this.client.parseEventNotification(...signed));
      default:
        throw new UnreadableEventError('The body is neither an `event` nor a `v2.core.event`.');
    }
  }

  #foreign({ account, livemode }: ReadEvent): ForeignReason | null {
    const ours = this.settings;
    if (ours.livemode !== undefined && livemode !== ours.livemode) return 'other_mode';
    return account !== null && ours.account !== undefined && account !== ours.account ? 'other_account' : null;
  }
}

/** The client refuses old signatures, but accepts any of the future. */
const checkTime = (signature: string, receivedAt: Date): void => {
  const times = signature.split(',').filter((part) => part.startsWith('t='));
  const [, seconds] = /^t=(\d{1,12})$/.exec(times[0] ?? '') ?? [];
  if (seconds === undefined || times.length > 1)
    throw new BadSignatureError('Stripe-Signature does not have one time, t=….');
  const age = receivedAt.getTime() / 1_000 - Number(seconds);
  if (age > TOLERANCE_SECONDS) throw new BadSignatureError(`The signature is older than ${TOLERANCE_SECONDS} seconds.`);
  if (age < -TOLERANCE_SECONDS)
    throw new BadSignatureError(`The signature is more than ${TOLERANCE_SECONDS} seconds in the future.`);
};

const mismatch = (): BadSignatureError => new BadSignatureError('No signature fits the body and a configured secret.');

/** What the body says that it is. */
const objectOf = (raw: Buffer): unknown => {
  try {
    const body: unknown = JSON.parse(raw.toString());
    return typeof body === 'object' && body !== null && 'object' in body ? body.object : undefined;
  } catch {
    throw new UnreadableEventError('The body is not JSON.');
  }
};

const snapshot = (event: Stripe.Event): ReadEvent => {
  // Some objects, such as a balance or an invoice that is still to come, have no id.
  const { object: kind, id } =
    (event.data as { object?: { object?: unknown; id?: unknown } } | undefined)?.object ?? {};
  return {
    event_id: nameOf(event.id, 'id'),
    type: nameOf(event.type, 'type'),
    object: objectNamed(kind, id),
    account: nameOrNull(event.account, 'account'),
    livemode: modeOf(event.livemode),
    created_at: timeOf(event.created * 1_000),
    api_version: nameOrNull(event.api_version, 'api_version'),
    shape: 'snapshot',
  };
};

const thin = (event: Stripe.V2.Core.EventNotification): ReadEvent => {
  const { related_object } = event as { related_object?: { type?: unknown; id?: unknown } | null };
  const { type: kind, id } = related_object ?? {};
  return {
    event_id: nameOf(event.id, 'id'),
    type: nameOf(event.type, 'type'),
    object: objectNamed(kind, id),
    account: nameOrNull(event.context?.toString(), 'context'),
    livemode: modeOf(event.livemode),
    created_at: timeOf(Date.parse(event.created)),
    api_version: null,
    shape: 'thin',
  };
};

const objectNamed = (kind: unknown, id: unknown): VerifiedEvent['object'] =>
  kind === undefined || id === undefined || id === null
    ? null
    : { kind: nameOf(kind, 'object'), id: nameOf(id, 'object.id') };

const modeOf = (livemode: unknown): boolean => {
  if (typeof livemode === 'boolean') return livemode;
  throw new UnreadableEventError('The event does not say whether it is of live data.');
};

const timeOf = (milliseconds: number): string => {
  const time = new Date(milliseconds);
  if (Number.isNaN(time.getTime())) throw new UnreadableEventError('The event does not say when it happened.');
  return time.toISOString();
};
