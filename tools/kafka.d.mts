/** A broker that the caller owns: one process with its own controller, on loopback. */
export interface OwnKafka {
  readonly brokers: string[];
  /** Process id of the broker that runs at present. */
  readonly pid: number | undefined;
  /** Waits until the present process has ended, for any reason. @returns its signal or exit code */
  ended(): Promise<string>;
  /** Kills it with SIGKILL, like a power failure. */
  kill9(): Promise<void>;
  /** Starts it again with its data. */
  restart(): Promise<void>;
  /** Stops it. Its data stays in its folder. */
  stop(): Promise<void>;
}

/** Why no broker can be started on this machine, and how to fix that; undefined if one can. */
export function kafkaMissing(): string | undefined;

/**
 * Starts a broker whose files are in `dir`, on `port` (default: a free one), and waits until it answers. If it is
 * `detached`, a Ctrl-C in the terminal does not reach it, and the caller has to stop it.
 */
export function startKafka(options: {
  readonly dir: string;
  readonly port?: number;
  readonly detached?: boolean;
}): Promise<OwnKafka>;
