/** A delivery that this process may send, until its lease ends. */
export interface Claimed {
  readonly id: string;
  /** That its event was taken in; its partition. */
  readonly day: number;
  readonly seq: string;
  /** When it became due, in microseconds since 1970; not where a gate gave leave. */
  readonly due_us?: string;
  readonly endpoint_id: string;
  readonly event_id: string;
  /** Attempts since it was queued. */
  readonly attempts: number;
  readonly queue: string | null;
  /** It goes out in the places that live deliveries leave. */
  readonly replayed: boolean;
  /** The endpoint's. */
  readonly version: number;
  readonly body: string;
  /** Set where a gate gave leave: no attempt before then (`performance.now()`), and whether it probes an open circuit. */
  readonly permit?: { readonly not_before: number; readonly probe: boolean };
}

/**
 * The lane that a delivery goes out in: an endpoint has one for what happens, named like it, and one for what is replayed. By
 * these names senders are told of what is due, too.
 */
export const laneOf = (endpointId: string, replayed: boolean): string =>
  replayed ? `${endpointId}/replay` : endpointId;

/** Whose lane it is, and which of the two. */
export const endpointOf = (lane: string): { readonly endpoint_id: string; readonly replayed: boolean } => {
  const [endpoint_id = '', replay] = lane.split('/');
  return { endpoint_id, replayed: replay !== undefined };
};

/** How far the deliveries of a lane have been gone through: in the order of when they became due, and of `seq`. */
export interface Reached {
  /** Microseconds since 1970. */
  readonly due_us: number;
  readonly seq: number;
}

/** What a round of claims came to. */
export interface Taken {
  readonly claimed: readonly Claimed[];
  /** Lanes that have a gate, and when there is more to take of each (`performance.now()`); undefined = when it becomes due. */
  readonly held: ReadonlyMap<string, number | undefined>;
}

/** Nobody holds the delivery `d`, and it is time. */
export const OPEN = `d.status = 'pending' and d.due_at <= now() and (d.claimed_until is null or d.claimed_until < now())`;

/** A delivery that is ours, by its key. */
export type Held = Pick<Claimed, 'id' | 'day'>;
