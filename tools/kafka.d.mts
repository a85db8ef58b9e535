/** A broker of one's own: one process with its own controller, on loopback. */
export interface OwnKafka {
  readonly brokers: string[];
  /** Process id of the broker that runs at present. */
  readonly pid: number | undefined;
  /** Waits until the present one has ended, by whatever cause. @returns how */
  ended(): Promise<string>;
  /** As if the power had gone. */
  kill9(): Promise<void>;
  /** Starts it again with what it had written. */
  restart(): Promise<void>;
  /** Ends it; what it has written stays in its folder. */
  stop(): Promise<void>;
}

/** Why no broker can be started on this machine, and the mend; undefined when one can. */
export function kafkaMissing(): string | undefined;

/**
 * Starts a broker whose files are in `dir`, on `port` (default: a free one), and waits until it answers. `detached` puts it
 * out of reach of a Ctrl-C in the terminal, which then has to be heeded by whoever started it.
 */
export function startKafka(options: {
  readonly dir: string;
  readonly port?: number;
  readonly detached?: boolean;
}): Promise<OwnKafka>;
