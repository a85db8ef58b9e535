/**
 * What goes wrong with a request. `refused` breaks the connection before anything is done, `silent` after it, without an answer
 * (the client times out), `cut` after half of the answer, `slow` keeps the answer back until `release`.
 */
export type Fault =
  | { readonly kind: 'refused' | 'silent' | 'broken' | 'cut' }
  /** The answer waits for this promise; the work is done before (true) or after it. */
  | { readonly kind: 'held'; readonly until: Promise<void>; readonly done?: boolean }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code?: string;
      /** Whether the work is done in spite of it (false). */
      readonly done?: boolean;
      /** The header `Stripe-Should-Retry`. */
      readonly retry?: boolean;
    };

export interface FaultOptions {
  /** Spares the first calls of the route. */
  readonly after?: number;
  /** How many calls it reaches (1). */
  readonly times?: number;
}

interface Planned {
  readonly route: string;
  readonly fault: Fault;
  spare: number;
  left: number;
}

/** Faults by route, such as `POST /v1/subscriptions/:id`; `*` is every route. */
export class Faults {
  #planned: Planned[] = [];

  /** Plans a fault; @returns what takes it back */
  plan(route: string, fault: Fault, { after = 0, times = 1 }: FaultOptions = {}): () => void {
    const planned = { route, fault, spare: after, left: times };
    this.#planned.push(planned);
    return () => {
      this.#planned = this.#planned.filter((one) => one !== planned);
    };
  }

  clear(): void {
    this.#planned = [];
  }

  /** The fault of this call, if there is one. */
  take(route: string): Fault | undefined {
    for (const planned of this.#planned) {
      if ((planned.route !== '*' && planned.route !== route) || planned.left === 0) continue;
      if (planned.spare > 0) {
        planned.spare -= 1;
        continue;
      }
      planned.left -= 1;
      return planned.fault;
    }
    return undefined;
  }
}

export const serverError = { kind: 'status', status: 500 } as const;
export const unavailable = { kind: 'status', status: 503 } as const;
/** Too many calls. */
export const rateLimited = { kind: 'status', status: 429, code: 'rate_limit' } as const;
/** Another request holds a lock on the object. */
export const lockTimeout = { kind: 'status', status: 429, code: 'lock_timeout' } as const;
