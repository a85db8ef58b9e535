import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

/** A running server. */
export interface Target {
  /** Its address without a slash at the end. */
  readonly url: string;
  /** An API key with the scope that the command needs. */
  readonly key: string;
}

export interface Reply {
  readonly status: number;
  /** True if an earlier call with the same Idempotency-Key had this answer. */
  readonly replayed: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Tries of a call that the server asks to repeat, and the longest pause between two, in seconds. */
const TRIES = 20;
const LONGEST_PAUSE = 60;

/**
 * Calls the API. Waits and sends the call again if the server is too busy, or still answers the same call.
 * @returns any answer, also a problem
 */
export const ask = async (
  { url, key }: Target,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  idempotencyKey?: string,
): Promise<Reply> => {
  for (let tries = 1; ; tries++) {
    const answer = await request(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    const reply = {
      status: answer.statusCode,
      replayed: answer.headers['idempotent-replayed'] === 'true',
      body: read(text),
    };
    if (!isPassing(reply) || tries === TRIES) return reply;
    await sleep(1_000 * Math.min(LONGEST_PAUSE, Number(answer.headers['retry-after'] ?? 1) || 1));
  }
};

/** An answer in words: its code and detail. */
export const explained = ({ status, body }: Reply): string =>
  [status, body['code'], body['detail']]
    .filter((part) => part !== undefined)
    .map(String)
    .join(' ');

const isPassing = ({ status, body }: Reply): boolean =>
  status === 429 || status === 503 || body['code'] === 'IDEMPOTENCY_IN_PROGRESS';

const read = (text: string): Reply['body'] => {
  try {
    return JSON.parse(text) as Reply['body'];
  } catch {
    return { detail: text };
  }
};
