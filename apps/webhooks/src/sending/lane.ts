import type { Claimed, Reached } from './claimed.ts';

/** How many rounds of deliveries a lane holds ready, so that sending never waits for claiming. */
const ROUNDS = 4;

/**
 * How long a transaction may last that makes deliveries due, in microseconds: they are due since its beginning, so they may lie that far
 * behind what has been claimed already. What one leaves that lasts longer is found by looking.
 */
const OVERLAP_US = 1_000_000;

/** What has been under way for longer than so many milliseconds may be for much longer. */
const SOON_MS = 10;

/**
 * One endpoint's share of the sender: what has been claimed for it and what is being sent. No lane waits for another, so an
 * endpoint that is slow, dead or flooded is so by itself.
 */
export class Lane {
  readonly #ready = new Map<string, Claimed>();
  readonly #sending = new Set<string>();
  /** Since when (`performance.now()`) the endpoint owes an answer to what is being sent. */
  readonly #unanswered = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  /** Something is ready that must not be sent before its slot. */
  #slotted = false;
  /** There may be more to claim. */
  hungry = true;
  /** How far its deliveries have been claimed. */
  #reached: Reached = { due_us: 0, seq: 0 };
  /** How far behind that there may be more, in microseconds. */
  #back = 0;
  /** A gate gives out what there is to claim, one slot after the other. */
  gated = false;
  /** Nothing is to be claimed before (`performance.now()`). */
  held_until = 0;
  /** Whose endpoint it is, as far as is known. */
  product: string | null = null;

  /** @param beside the endpoint's other lane, as long as there is one: both share the places */
  constructor(
    public concurrency: number,
    private readonly replayed = false,
    private readonly beside: () => Lane | undefined = () => undefined,
  ) {}

  /** Places that this lane may take: what is replayed gets no more than half, and none while anything live waits. */
  get #places(): number {
    const other = this.beside();
    const left = this.concurrency - (other === undefined ? 0 : other.#sending.size);
    if (!this.replayed) return left;
    return other !== undefined && other.#ready.size > 0 ? 0 : Math.min(left, Math.max(1, this.concurrency >> 1));
  }

  /** How many deliveries are to be claimed now; 0 while enough are held, so that each claim is worth its trip. */
  get room(): number {
    if (!this.hungry || this.held_until > performance.now()) return 0;
    // What has a slot must go out in it, so there must be a place for it.
    if (this.gated) return Math.max(0, this.concurrency - this.#ready.size - this.#sending.size);
    if (this.#ready.size >= this.concurrency) return 0;
    return this.concurrency * ROUNDS - this.#ready.size;
  }

  get #from(): Reached {
    return this.#back === 0 ? this.#reached : { due_us: Math.max(0, this.#reached.due_us - this.#back), seq: 0 };
  }

  /** Something has become due just now. */
  tell(): void {
    this.hungry = true;
    this.#back = Math.max(this.#back, OVERLAP_US);
  }

  /** Something is due, whenever it became so. */
  startOver(): void {
    this.hungry = true;
    this.#back = Infinity;
  }

  /** A claim is about to be made. Whoever says from now on that there is more is heard. @returns behind which delivery */
  beginClaim(): Reached {
    const from = this.#from;
    this.hungry = false;
    this.#back = 0;
    return from;
  }

  get idle(): boolean {
    return !this.hungry && this.#ready.size === 0 && this.#sending.size === 0;
  }

  /** A claim that ran out while it was held may be given to us again: that is no second delivery. */
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

  /** The next to send, if there is one and a place for it. The place is taken until `done`. */
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

  /** Calls back when there is something to send or to claim that is not yet. */
  wake(callback: () => void): void {
    clearTimeout(this.#timer);
    if (this.#ready.size === 0) this.#slotted = false;
    if (!this.#slotted && this.held_until === 0) return;
    const times = [...this.#ready.values()].flatMap(({ permit }) => permit?.not_before ?? []);
    if (this.hungry && this.held_until > 0) times.push(this.held_until);
    const now = performance.now();
    const next = Math.min(...times.filter((time) => time > now));
    // A timer may go off a little early, by its clock.
    if (next !== Infinity) this.#timer = setTimeout(callback, Math.ceil(next - now) + 1);
  }

  /** What the attempt came to is known and is to be written. @returns whether others will soon be so far */
  answered({ id }: Claimed): boolean {
    this.#unanswered.delete(id);
    const lately = performance.now() - SOON_MS;
    return [...this.#unanswered.values()].some((since) => since > lately);
  }

  /** The attempt and what came of it are over and done with. */
  done({ id }: Claimed): void {
    this.#sending.delete(id);
    this.#unanswered.delete(id);
  }

  /** Gives up what is ready. @returns it */
  clear(): Claimed[] {
    clearTimeout(this.#timer);
    const unsent = [...this.#ready.values()];
    this.#ready.clear();
    return unsent;
  }
}
