/** A delivery that this process may send, until its lease ends. */
export interface Claimed {
  readonly id: string;
  readonly seq: string;
  readonly endpoint_id: string;
  readonly event_id: string;
  /** Attempts since it was queued. */
  readonly attempts: number;
  readonly queue: string | null;
  /** The endpoint's. */
  readonly version: number;
  readonly body: string;
  /** Set where a gate gave leave: no attempt before then (`performance.now()`), and whether it probes an open circuit. */
  readonly permit?: { readonly not_before: number; readonly probe: boolean };
}

/** What a round of claims came to. */
export interface Taken {
  readonly claimed: readonly Claimed[];
  /** Endpoints that have a gate, and when there is more to take of each (`performance.now()`); undefined = when it becomes due. */
  readonly held: ReadonlyMap<string, number | undefined>;
}

/** Nobody holds the delivery `d`, and it is time. */
export const OPEN = `d.status = 'pending' and d.due_at <= now() and (d.claimed_until is null or d.claimed_until < now())`;
