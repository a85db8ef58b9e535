import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { leaseClaims, newSigner } from './signer.ts';

type Fields = Record<string, unknown>;

interface Session {
  readonly identifier: string;
  expires: number;
}

const problem = (status: number, code: string, details: Fields = {}): [number, Fields] => [
  status,
  { ...details, type: `https://licenses.example.com/problems/${code}`, title: code, status, detail: code, code },
];

/**
 * A license server whose network can fail. It follows the rules of the real server; tests that need no failures run against the
 * real one.
 */
export const startFakeServer = async () => {
  const signer = newSigner();
  const sessions = new Map<string, Session>();
  /** Quantities by idempotency key. */
  const counted = new Map<string, { feature: string; quantity: number }>();
  const calls: { path: string; body: Fields }[] = [];
  const state = {
    signer,
    sessions,
    counted,
    calls,
    maxSessions: 2,
    sessionMs: 60_000,
    /** Refuses a request before the rules apply. */
    refuse: undefined as ((body: Fields, path: string) => [number, Fields] | undefined) | undefined,
    /** Replaces the server's answer. @returns whether it did */
    fail: undefined as ((response: ServerResponse, path: string) => boolean) | undefined,
    /** Share of answers that are lost after the server has done its work, from 0 to 1. */
    losing: 0,
    quota: Infinity,
  };

  const live = () => [...sessions].filter(([, { expires }]) => expires > Date.now());
  const session = (id: string): [number, Fields] => {
    const expires = Date.now() + state.sessionMs;
    sessions.set(id, { identifier: sessions.get(id)?.identifier ?? '', expires });
    const counts = { active_sessions: live().length, max_sessions: state.maxSessions };
    return [200, { session_id: id, expires_at: new Date(expires).toISOString(), ...counts }];
  };

  const answer = (path: string, body: Fields): [number, Fields] => {
    const refusal = state.refuse?.(body, path);
    if (refusal !== undefined) return refusal;
    switch (path) {
      case '/api/v1/license/activate':
        return [201, { token: signer.token({}, leaseClaims()) }];
      case '/api/v1/license/floating/checkout': {
        const mine = live().find(([, { identifier }]) => identifier === body['identifier']);
        if (mine !== undefined) return session(mine[0]);
        if (live().length >= state.maxSessions)
          return problem(409, 'FLOATING_LIMIT_REACHED', { max: state.maxSessions });
        const id = `sess_${sessions.size + 1}`;
        sessions.set(id, { identifier: String(body['identifier']), expires: 0 });
        return session(id);
      }
      case '/api/v1/license/floating/heartbeat': {
        const known = sessions.get(String(body['session_id']));
        if (known === undefined) return problem(404, 'SESSION_NOT_FOUND');
        return known.expires <= Date.now() ? problem(409, 'SESSION_EXPIRED') : session(String(body['session_id']));
      }
      case '/api/v1/license/floating/checkin':
        sessions.delete(String(body['session_id']));
        return [200, {}];
      case '/api/v1/license/usage/batch':
        return [200, { results: (body['records'] as Fields[]).map(count) }];
      default:
        return problem(404, 'NOT_FOUND');
    }
  };

  const count = (record: Fields): Fields => {
    const key = String(record['idempotency_key']);
    if (counted.has(key)) return { accepted: true };
    if (counted.size >= state.quota)
      return { accepted: false, code: 'QUOTA_EXCEEDED', detail: 'The quota is used up.' };
    counted.set(key, { feature: String(record['feature']), quantity: Number(record['quantity']) });
    return { accepted: true };
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const path = request.url ?? '';
    if (state.fail?.(response, path) === true) return;
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Fields;
    calls.push({ path, body });
    const [status, fields] = answer(path, body);
    if (Math.random() < state.losing) {
      response.destroy();
      return;
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(fields));
  };

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, problem, close });
};

export type FakeServer = Awaited<ReturnType<typeof startFakeServer>>;
