/**
 * An error that the caller is told about (RFC 9457). `Refusal` of libs/domain has the same shape, so one function answers
 * errors of deciders and of endpoints.
 */
export interface ProblemShape {
  readonly code: string;
  readonly status: number;
  /** One human sentence about this occurrence. */
  readonly message: string;
  /** Further members of the problem document (`max`, `current`, `resets_at`, `errors`). */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Response headers, e.g. `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
}

export class Problem extends Error implements ProblemShape {
  override readonly name = 'Problem';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly extensions: Readonly<Record<string, unknown>> = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

export const isProblem = (error: unknown): error is Error & ProblemShape =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  'status' in error &&
  typeof error.status === 'number' &&
  error.status >= 400 &&
  error.status < 600;
