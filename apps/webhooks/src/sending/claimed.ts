/** A delivery that this process may send until its lease ends. */
export interface Claimed {
  readonly id: string;
  /** The day on which its event was taken in, counted from 1970-01-01; its partition. */
  readonly day: number;
  readonly seq: string;
  /** When it became due, in microseconds since 1970; absent for deliveries claimed through a gate. */
  readonly due_us?: string;
  readonly endpoint_id: string;
  readonly event_id: string;
  /** Attempts since it was queued. */
  readonly attempts: number;
  readonly queue: string | null;
  /** A replay queued it. Live deliveries go first. */
  readonly replayed: boolean;
  /** Version of the endpoint. */
  readonly version: number;
  readonly body: string;
  /** Set for deliveries claimed through a gate: no attempt before then (`performance.now()`), and whether it probes an open circuit. */
  readonly permit?: { readonly not_before: number; readonly probe: boolean };
}

/**
 * The name of a delivery's lane. An endpoint has a lane for live deliveries, named by its id, and one for replayed deliveries.
 * Notifications of due deliveries carry these names, too.
 */
export const laneOf = (endpointId: string, replayed: boolean): string =>
  replayed ? `${endpointId}/replay` : endpointId;

/** The endpoint of a lane, and which of its two lanes it is. */
export const endpointOf = (lane: string): { readonly endpoint_id: string; readonly replayed: boolean } => {
  const [endpoint_id = '', replay] = lane.split('/');
  return { endpoint_id, replayed: replay !== undefined };
};

/** A place in the order in which a lane's deliveries are claimed: by `due_at`, then `seq`. */
export interface Reached {
  /** Microseconds since 1970. */
  readonly due_us: number;
  readonly seq: number;
}

/** The result of a round of claims. */
export interface Taken {
  readonly claimed: readonly Claimed[];
  /** Lanes with a gate, and from when each has more slots (`performance.now()`); undefined = when a delivery becomes due. */
  readonly held: ReadonlyMap<string, number | undefined>;
}

/** The key of a claimed delivery. */
export type Held = Pick<Claimed, 'id' | 'day'>;
