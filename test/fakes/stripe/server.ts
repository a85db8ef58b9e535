import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NotPlayed, perform, router } from './api.ts';
import { StripeRefusal } from './errors.ts';
import type { Fault, Faults } from './faults.ts';
import { readForm } from './form.ts';
import { type Answer, Idempotency } from './idempotency.ts';
import type { Raw } from './params.ts';
import type { Webhooks } from './webhooks.ts';
import { API_VERSION, type World } from './world.ts';

/** A request as it came, and what it was answered. */
export interface LoggedRequest {
  readonly id: string;
  readonly method: string;
  /** With the query. */
  readonly target: string;
  /** As it is written in the fake, `POST /v1/subscriptions/:id`; empty for an unknown one. */
  readonly route: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly params: { readonly [name: string]: Raw };
  readonly idempotencyKey: string | undefined;
  /** 0 = none was sent. */
  status: number;
  answer: unknown;
  /** Whether it got the stored answer of an earlier one. */
  replayed: boolean;
  fault: Fault['kind'] | undefined;
}

export interface ServerParts {
  readonly world: World;
  readonly faults: Faults;
  readonly webhooks: Webhooks;
  readonly key: string;
  readonly log: LoggedRequest[];
  /** How many requests are kept in the log. */
  readonly most_requests: number;
  /** What the client should not have sent: unknown routes and parameters, another API version. */
  readonly complaints: string[];
}

/** Stripe's HTTP side: forms and JSON, keys, idempotency, faults. */
export class StripeServer {
  readonly #idempotency = new Idempotency();
  readonly #open = new Set<ServerResponse>();
  #server: Server | undefined;
  #port = 0;
  #count = 0;

  constructor(private readonly parts: ServerParts) {}

  get port(): number {
    return this.#port;
  }

  /** Listens; after `stop` on the same port as before. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Refuses connections. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#open.add(response);
    response.on('close', () => this.#open.delete(response));
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const logged = this.#note(request, Buffer.concat(chunks).toString('utf8'));
    const fault = this.parts.faults.take(logged.route);
    logged.fault = fault?.kind;
    if (fault?.kind === 'refused') {
      response.destroy();
      return;
    }
    const answer = await this.#answer(logged, fault);
    if (fault?.kind === 'held' && fault.done === true) await fault.until;
    if (this.parts.webhooks.beforeAnswer) await this.parts.webhooks.idle();
    if (fault?.kind === 'silent') return;
    if (fault?.kind === 'broken') {
      response.destroy();
      return;
    }
    logged.status = answer.status;
    logged.answer = JSON.parse(answer.body) as unknown;
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(answer.body),
      ...answer.headers,
    });
    if (fault?.kind === 'cut') {
      response.write(answer.body.slice(0, answer.body.length / 2), () => response.destroy());
      return;
    }
    response.end(answer.body);
  }

  #note(request: IncomingMessage, body: string): LoggedRequest {
    const method = request.method ?? '';
    const target = request.url ?? '';
    const [path = '', query = ''] = target.split('?');
    const json = (request.headers['content-type'] ?? '').includes('json');
    const text = body === '' ? query : body;
    const params = json && body !== '' ? (JSON.parse(body) as { [name: string]: Raw }) : readForm(text);
    const key = request.headers['idempotency-key'];
    this.#count += 1;
    const logged: LoggedRequest = {
      id: `req_${this.#count}`,
      method,
      target,
      route: router.find(method, path)?.route ?? '',
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      body,
      params,
      idempotencyKey: key === undefined ? undefined : String(key),
      status: 0,
      answer: undefined,
      replayed: false,
      fault: undefined,
    };
    const { log, most_requests } = this.parts;
    if (log.push(logged) > most_requests) log.shift();
    return logged;
  }

  async #answer(logged: LoggedRequest, fault: Fault | undefined): Promise<Answer> {
    const { world } = this.parts;
    const key = logged.method === 'POST' ? logged.idempotencyKey : undefined;
    const headers = { 'request-id': logged.id, 'stripe-version': API_VERSION };
    if (fault?.kind === 'status' && fault.done !== true && fault.status !== 500) return failure(fault, headers);
    try {
      this.#authorize(logged);
      world.catchUp();
      const fingerprint = `${logged.method} ${logged.target} ${logged.body}`;
      const stored = key === undefined ? undefined : this.#idempotency.begin(key, fingerprint, world.now());
      if (stored !== undefined) {
        logged.replayed = true;
        return { ...stored, headers: { ...stored.headers, ...headers, 'idempotent-replayed': 'true' } };
      }
    } catch (error) {
      return refusal(error, headers);
    }
    let answer: Answer;
    // The key of a request that is held is in use meanwhile.
    if (fault?.kind === 'held' && fault.done !== true) await fault.until;
    try {
      // A 500 before any work is stored too: the same key gets it again.
      if (!(fault?.kind === 'status' && fault.done !== true)) answer = this.#perform(logged, headers);
      else answer = failure(fault, headers);
      if (fault?.kind === 'status' && fault.done === true) answer = failure(fault, headers);
    } catch (error) {
      // A mistake of the fake must not look like one of Stripe's.
      if (!(error instanceof StripeRefusal)) this.parts.complaints.push(`${logged.route}: ${(error as Error).stack}`);
      answer = refusal(error, headers);
    }
    // What is refused while it is validated was not executed: the key stays free.
    if (key !== undefined && answer.status === 400) this.#idempotency.forget(key);
    else if (key !== undefined) this.#idempotency.finish(key, answer);
    return answer;
  }

  #authorize({ headers, method, target }: LoggedRequest): void {
    const { key, complaints } = this.parts;
    if (headers['authorization'] !== `Bearer ${key}`)
      throw new StripeRefusal(401, { type: 'invalid_request_error', message: 'Invalid API Key provided' });
    if (headers['stripe-version'] !== API_VERSION)
      complaints.push(`${method} ${target}: Stripe-Version ${headers['stripe-version']}`);
  }

  #perform(logged: LoggedRequest, headers: Readonly<Record<string, string>>): Answer {
    const { world, complaints } = this.parts;
    const [path = ''] = logged.target.split('?');
    const match = router.find(logged.method, path);
    if (match === undefined) {
      complaints.push(`${logged.method} ${logged.target}: the fake does not play this route`);
      throw new StripeRefusal(404, {
        type: 'invalid_request_error',
        message: `Unrecognized request URL (${logged.method}: ${path}).`,
      });
    }
    world.request = { id: logged.id, idempotency_key: logged.idempotencyKey ?? null };
    try {
      return { status: 200, body: JSON.stringify(perform(world, match, logged.params)), headers };
    } catch (error) {
      if (error instanceof NotPlayed) complaints.push(`${logged.route}: ${error.message}`);
      throw error;
    } finally {
      world.request = { id: null, idempotency_key: null };
    }
  }
}

const failure = (fault: Extract<Fault, { kind: 'status' }>, headers: Readonly<Record<string, string>>): Answer => ({
  status: fault.status,
  headers: { ...headers, ...(fault.retry !== undefined && { 'stripe-should-retry': String(fault.retry) }) },
  body: JSON.stringify({
    error: {
      type: fault.status < 500 ? 'invalid_request_error' : 'api_error',
      ...(fault.code !== undefined && { code: fault.code }),
      message: `The fake answers ${fault.status}${fault.code === undefined ? '' : ` (${fault.code})`}.`,
    },
  }),
});

const refusal = (error: unknown, headers: Readonly<Record<string, string>>): Answer => {
  if (!(error instanceof StripeRefusal)) return failure({ kind: 'status', status: 500, code: 'fake_failed' }, headers);
  const { status, body, headers: own } = error;
  return { status, body: JSON.stringify({ error: body }), headers: { ...headers, ...own } };
};
