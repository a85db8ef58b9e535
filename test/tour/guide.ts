import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export type Json = Record<string, unknown>;

/** An instance that a tour visits. */
export interface Visited {
  readonly base: string;
  readonly key: string;
}

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How long a tour waits for something to arrive, in milliseconds. */
const PATIENCE_MS = 20_000;

/** Shows the steps of a tour, and stops it when an answer is not the expected one. */
export class Guide {
  #step = 0;
  readonly #visited: Visited;

  constructor(visited: Visited) {
    this.#visited = visited;
  }

  tell(what: string): void {
    console.log(`\n${++this.#step}. ${what}`);
  }

  show(answer: unknown): void {
    const text = JSON.stringify(
      answer,
      (_key, value: unknown) => (typeof value === 'string' && value.length > 90 ? `${value.slice(0, 60)}…` : value),
      2,
    );
    console.log(text.replace(/^/gm, '   '));
  }

  expect(condition: boolean, what: string): void {
    if (!condition) throw new Error(`not as expected: ${what}`);
    console.log(`   ✓ ${what}`);
  }

  async call(
    method: string,
    path: string,
    body?: Json | readonly Json[],
    expected = 200,
    anonymous = false,
  ): Promise<Json> {
    console.log(`   ${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`);
    const answer = await fetch(this.url(path), {
      method,
      headers: {
        ...(anonymous ? {} : { authorization: `Bearer ${this.#visited.key}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json = (await answer.json()) as Json;
    this.show(json);
    this.expect(answer.status === expected, `answered ${expected}`);
    return json;
  }

  /** The bytes of a file that the API serves. */
  async file(path: string): Promise<Buffer> {
    console.log(`   GET ${path}`);
    const answer = await fetch(this.url(path), { headers: { authorization: `Bearer ${this.#visited.key}` } });
    this.expect(answer.status === 200, 'answered 200');
    return Buffer.from(await answer.arrayBuffer());
  }

  /** Waits until the API answers what is wanted, since other services follow by events. */
  async until(path: string, wanted: (answer: Json) => boolean, what: string): Promise<Json> {
    for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline;) {
      const answer = await fetch(this.url(path), { headers: { authorization: `Bearer ${this.#visited.key}` } });
      const json = (await answer.json()) as Json;
      if (answer.ok && wanted(json)) {
        console.log(`   GET ${path}`);
        this.show(json);
        this.expect(true, what);
        return json;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`not as expected within ${PATIENCE_MS / 1_000} s: ${what}`);
  }

  url(path: string): string {
    return `${this.#visited.base}${path.startsWith('/.') ? '' : '/api/v1'}${path}`;
  }
}

/** A webhook subscriber: keeps what it receives and answers 204. */
export const openSink = async () => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const find = async (type: string, fits: (data: Json) => boolean = () => true): Promise<Received> => {
    for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline;) {
      const found = received.find(({ body }) => {
        const event = JSON.parse(body) as { type: string; data: Json };
        return event.type === type && fits(event.data);
      });
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no webhook ${type} came within ${PATIENCE_MS / 1_000} s`);
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    find,
    /** Finds the webhook of an event and verifies its signature with the official Standard Webhooks library. */
    verified: async (secret: string, type: string, fits?: (data: Json) => boolean): Promise<Json> => {
      const { body, headers } = await find(type, fits);
      new Webhook(secret).verify(body, headers as Record<string, string>);
      return JSON.parse(body) as Json;
    },
    close: () => server.close(),
  };
};

export type Sink = Awaited<ReturnType<typeof openSink>>;
