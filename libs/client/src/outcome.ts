/** Result of an action. */
export interface Outcome {
  readonly done: boolean;
  /** `OK`, `OFFLINE`, or the server's code. */
  readonly code: string;
  readonly reason: string;
}
