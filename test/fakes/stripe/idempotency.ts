import { StripeRefusal } from './errors.ts';

const DAY = 86_400;

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Kept {
  readonly fingerprint: string;
  readonly at: number;
  answer: Answer | undefined;
}

/** Answers by `Idempotency-Key`, kept for a day: also those of 500. */
export class Idempotency {
  readonly #kept = new Map<string, Kept>();

  /** @returns the stored answer, undefined if the request must be done; throws if the key is in use or was used for another request */
  begin(key: string, fingerprint: string, now: number): Answer | undefined {
    if (key.length > 255)
      throw new StripeRefusal(400, {
        type: 'invalid_request_error',
        message: 'The idempotency key must be at most 255 characters.',
      });
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.at <= now - DAY) {
      this.#kept.set(key, { fingerprint, at: now, answer: undefined });
      return undefined;
    }
    if (kept.fingerprint !== fingerprint)
      throw new StripeRefusal(400, {
        type: 'idempotency_error',
        message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
      });
    if (kept.answer === undefined)
      throw new StripeRefusal(409, {
        type: 'idempotency_error',
        code: 'idempotency_key_in_use',
        message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
      });
    return kept.answer;
  }

  finish(key: string, answer: Answer): void {
    const kept = this.#kept.get(key);
    if (kept !== undefined) kept.answer = answer;
  }

  /** What was refused before its execution began may be tried again with the same key. */
  forget(key: string): void {
    this.#kept.delete(key);
  }
}
