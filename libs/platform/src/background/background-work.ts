/** A thing that has fallen due. */
export interface Due {
  readonly id: string;
  /** Since when, for the metric of the lag. */
  readonly due_at?: Date | null;
}

export interface DueQuery {
  readonly limit: number;
  /** Business time. Work on real time takes the time from the database. */
  readonly now: Date;
  /** Ids that failed a short while ago, which must not keep the rest from their turn, and ids that are attended to now. */
  readonly except: readonly string[];
}

export interface Turn {
  /** The time of the look that found the id due. */
  readonly now: Date;
  /** Aborts when this process stops, or leads no more. */
  readonly signal: AbortSignal;
}

/**
 * Work that a service does by itself. One instance leads; it looks for what is due, attends to it, and looks again at once after
 * a full batch, else after a pause or when `wakeWork` is called. What is due stands in a table, so nothing is missed while no
 * instance runs. What fails is left alone for a while.
 *
 * Subclasses are providers of a service's module; `startApp` finds and runs them.
 */
export abstract class BackgroundWork {
  /** Unique in the service: part of the leader's lock and a label of the metrics. */
  abstract readonly name: string;
  /** Which time decides what is due. The test clock waits for work on business time. */
  readonly follows: 'business' | 'real' = 'business';
  /** Pause between two looks, in milliseconds. */
  readonly everyMs: number = 1_000;
  /** The pause after a look that found something, in milliseconds; the same when left out. */
  readonly busyMs: number | undefined = undefined;
  /** Size of a full batch. */
  readonly atOnce: number = 500;
  /** Whether a batch is attended to in parallel, or in the order of `due`. */
  readonly parallel: boolean = true;
  /**
   * For work that waits for others, such as servers of mail: the next look follows as soon as one id is done, and not when its
   * whole batch is, so that an id that takes long holds up no other. At most `atOnce` ids are attended to at a time, in
   * parallel; `due` is asked to leave them out.
   */
  readonly sliding: boolean = false;
  /** Whether something is due at every look, as for a check that is made again and again: then there is no progress to show. */
  readonly isEndless: boolean = false;
  /** How long an id that failed is left alone, in milliseconds. */
  readonly retryMs: number = 30_000;

  /** What is due, the longest due first. */
  abstract due(query: DueQuery): Promise<readonly Due[]>;

  /** How many are due, for the log: it shows the progress of work that goes on for long. Left out = not told. */
  left?(query: Pick<DueQuery, 'now'>): Promise<number>;

  /**
   * After this the id is not due any more.
   * @returns true when more is known to be due, so that the next look follows at once
   */
  abstract attend(id: string, turn: Turn): Promise<boolean | void>;
}
