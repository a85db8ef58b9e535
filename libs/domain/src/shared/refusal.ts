/** A decider throws this if the rules refuse a command. `Code` is one of the codes of the aggregate's `*.errors.ts`. */
export class Refusal<Code extends string = string> extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly code: Code,
    /** HTTP status of the answer. */
    readonly status: number,
    message: string,
    /** Facts a caller can act on: `{ max, current }`. */
    readonly extensions: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** Exhaustive table of an aggregate's refusals. */
export type Refusals<Code extends string> = Readonly<
  Record<Code, { readonly status: number; readonly message: string }>
>;

/** `const refuse = refuser(licenseRefusals)`; `refuse('LICENSE_SUSPENDED')` throws. */
export const refuser =
  <Code extends string>(table: Refusals<Code>) =>
  (code: Code, extensions: Readonly<Record<string, unknown>> = {}): never => {
    const { status, message } = table[code];
    throw new Refusal(code, status, message, extensions);
  };
