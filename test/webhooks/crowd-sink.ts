import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort } from 'node:worker_threads';

/** What a crowd of endpoints has received. */
export interface CrowdReceived {
  /** Requests for the crowd. */
  readonly requests: number;
  /** Different events, summed over its endpoints. */
  readonly events: number;
  /** Requests for the crowd before the first to the path that ends with /alone. */
  readonly before?: number;
}

/** A thousand endpoints connect within a moment. */
const BACKLOG = 4_096;

/** By path: ids of the events received. */
const crowd = new Map<string, Set<string>>();
let requests = 0;
let events = 0;
let before: number | undefined;

/**
 * The receiver of a crowd of webhooks. It has a thread of its own: a Node server takes one new connection in each turn of its
 * loop, and the turns of a process that also sends are long.
 */
const server = createServer(({ method, url = '', headers }, response) => {
  if (method === 'GET') {
    const answer = url === '/ids' ? Object.fromEntries([...crowd].map(([path, ids]) => [path, [...ids]])) : received();
    response.end(JSON.stringify(answer));
    return;
  }
  response.writeHead(204).end();
  if (url.endsWith('/alone')) {
    before ??= requests;
    return;
  }
  requests++;
  const ids = crowd.get(url) ?? new Set();
  const id = String(headers['webhook-id']);
  if (!ids.has(id)) events++;
  crowd.set(url, ids.add(id));
});

const received = (): CrowdReceived => ({ requests, events, ...(before === undefined ? {} : { before }) });

server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG }, () =>
  parentPort?.postMessage((server.address() as AddressInfo).port),
);
