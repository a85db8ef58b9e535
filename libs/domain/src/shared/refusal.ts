/** What a decider throws when the rules say no. `Code` is one of the codes of the aggregate's `*.errors.ts`. */
export class Refusal<Code extends string = string> extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly code: Code,
    /** HTTP status that the code is answered with. */
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
