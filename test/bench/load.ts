import type { Measured } from './measure.ts';
import { fire, type FireResult } from './peers/autocannon.mjs';

export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/**
 * Sends the requests in turn over `connections` kept-alive connections for `seconds`, after a short warm-up.
 * @throws when an answer is not 2xx: a benchmark of refusals would flatter
 */
export const load = async (
  url: string,
  requests: readonly LoadRequest[],
  connections: number,
  seconds: number,
): Promise<Measured> => {
  const prepared = requests.map(({ method, path, headers, body }) => ({
    method,
    path,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }));
  // Each connection walks the list from a place of its own, so that they do not all ask for the same thing at once.
  let client = 0;
  const setupClient = (connection: { setRequests(list: unknown[]): void }): void => {
    const from = Math.floor((prepared.length / connections) * client++);
    connection.setRequests([...prepared.slice(from), ...prepared.slice(0, from)]);
  };
  const run = (duration: number): Promise<FireResult> => {
    client = 0;
    return fire({
      url,
      connections,
      duration,
      setupClient,
      requests: prepared.slice(0, 1),
    });
  };
  await run(2);
  const result = await run(seconds);
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${requests[0]?.path}: ${result.non2xx} answers other than 2xx, ${result.errors} errors`);
  }
  return { perSecond: result['2xx'] / result.duration, p50: result.latency.p50, p99: result.latency.p99 };
};
