import type { Claimed, Reached } from './claimed.ts';

/** How many times its concurrency a lane claims at once, so that attempts never wait for a claim. */
const ROUNDS = 4;

/**
 * The longest transaction that makes deliveries due and is expected, in microseconds. `due_at` is the start of the transaction, so when it
 * commits, its deliveries may lie that far before what has been claimed already. Deliveries of a longer one are found by `Claimer.look`.
 */
const OVERLAP_US = 1_000_000;

/** An attempt that has been under way for longer, in milliseconds, is not expected to end soon. */
const SOON_MS = 10;

/**
 * One endpoint's queue in a sender: what has been claimed for it and what is being sent. No lane waits for another endpoint's, so a slow,
 * dead or flooded endpoint delays only itself.
 */
export class Lane {
  readonly #ready = new Map<string, Claimed>();
  readonly #sending = new Set<string>();
  /** Deliveries without an answer yet, and when they were sent (`performance.now()`). */
  readonly #unanswered = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  /** Some of what is ready must not be sent before its slot. */
  #slotted = false;
  /** There may be more to claim. */
  hungry = true;
  /** The last delivery, in the order of claims, that has been claimed. */
  #reached: Reached = { due_us: 0, seq: 0 };
  /** How far before that one there may be more, in microseconds. */
  #back = 0;
  /** The endpoint has a gate, which gives out slots one after the other. */
  gated = false;
  /** No claims before then (`performance.now()`); 0 = at once. */
  held_until = 0;
  /** The product of the endpoint; null = of all products, or not yet known. */
  product: string | null = null;

  /** @param beside the endpoint's other lane, if there is one: both share the endpoint's concurrency */
  constructor(
    public concurrency: number,
    private readonly replayed = false,
    private readonly beside: () => Lane | undefined = () => undefined,
  ) {}

  /** Attempts that this lane may have under way: replays get at most half, and none while a live delivery is ready. */
  get #places(): number {
    const other = this.beside();
    const left = this.concurrency - (other === undefined ? 0 : other.#sending.size);
    if (!this.replayed) return left;
    return other !== undefined && other.#ready.size > 0 ? 0 : Math.min(left, Math.max(1, this.concurrency >> 1));
  }

  /** How many deliveries to claim now; 0 while enough are ready, so that each claim is worth a round trip. */
  get room(): number {
    if (!this.hungry || this.held_until > performance.now()) return 0;
    // A delivery with a slot must go out in it, so there must be room for the attempt.
    if (this.gated) return Math.max(0, this.concurrency - this.#ready.size - this.#sending.size);
    if (this.#ready.size >= this.concurrency) return 0;
    return this.concurrency * ROUNDS - this.#ready.size;
  }

  get #from(): Reached {
    return this.#back === 0 ? this.#reached : { due_us: Math.max(0, this.#reached.due_us - this.#back), seq: 0 };
  }

  /** A delivery has become due just now. */
  tell(): void {
    this.hungry = true;
    this.#back = Math.max(this.#back, OVERLAP_US);
  }

  /** A delivery is due, from whatever time. The next claim begins with the first delivery. */
  startOver(): void {
    this.hungry = true;
    this.#back = Infinity;
  }

  /** A claim is about to be made. Calls of `tell` from now on count for the next one. @returns where the claim begins */
  beginClaim(): Reached {
    const from = this.#from;
    this.hungry = false;
    this.#back = 0;
    return from;
  }

  get idle(): boolean {
    return !this.hungry && this.#ready.size === 0 && this.#sending.size === 0;
  }

  /** Adds a claimed delivery. One that is being sent already (its claim expired and was made again) is not added twice. */
  add(claimed: Claimed): void {
    this.#reach(claimed);
    if (this.#sending.has(claimed.id)) return;
    this.#ready.set(claimed.id, claimed);
    this.#slotted ||= claimed.permit !== undefined;
  }

  #reach({ due_us, seq }: Claimed): void {
    const reached = { due_us: Number(due_us ?? 0), seq: Number(seq) };
    const { due_us: before } = this.#reached;
    if (reached.due_us > before || (reached.due_us === before && reached.seq > this.#reached.seq))
      this.#reached = reached;
  }

  /** The next delivery to send, if concurrency allows one. It counts as under way until `done`. */
  next(): Claimed | undefined {
    if (this.#sending.size >= this.#places) return undefined;
    for (const [id, claimed] of this.#ready) {
      if ((claimed.permit?.not_before ?? 0) > performance.now()) continue;
      this.#ready.delete(id);
      this.#sending.add(id);
      this.#unanswered.set(id, performance.now());
      return claimed;
    }
    return undefined;
  }

  /** Calls back at the next time from which there is something to send or to claim. */
  wake(callback: () => void): void {
    clearTimeout(this.#timer);
    if (this.#ready.size === 0) this.#slotted = false;
    if (!this.#slotted && this.held_until === 0) return;
    const times = [...this.#ready.values()].flatMap(({ permit }) => permit?.not_before ?? []);
    if (this.hungry && this.held_until > 0) times.push(this.held_until);
    const now = performance.now();
    const next = Math.min(...times.filter((time) => time > now));
    // A timer may fire up to a millisecond early.
    if (next !== Infinity) this.#timer = setTimeout(callback, Math.ceil(next - now) + 1);
  }

  /** The attempt has an answer. @returns whether others of the lane will probably have one soon */
  answered({ id }: Claimed): boolean {
    this.#unanswered.delete(id);
    const lately = performance.now() - SOON_MS;
    return [...this.#unanswered.values()].some((since) => since > lately);
  }

  /** The attempt is over and its result is recorded. */
  done({ id }: Claimed): void {
    this.#sending.delete(id);
    this.#unanswered.delete(id);
  }

  /** Takes out what is ready. @returns it */
  clear(): Claimed[] {
    clearTimeout(this.#timer);
    const unsent = [...this.#ready.values()];
    this.#ready.clear();
    return unsent;
  }
}
