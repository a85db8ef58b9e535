import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { addHeaders } from '#platform/rate-limit/rate-limit';
import { CLIENT_IP_HEADER, type InternalTokens, TOKEN_HEADER } from '#platform/auth/internal-token';
import { Problem } from '#platform/http/problem';
import type { ServiceClient } from './service-client.ts';

/** Largest request body, in bytes, where a route takes no larger file. */
export const BODY_LIMIT = 1_048_576;

/** RFC 9110 §7.6.1: these speak of one connection only. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers that a caller cannot pass to a service: the gateway consumes the credential, and sets addresses and names itself. */
const CONSUMED = /^(authorization|host|expect|forwarded|x-forwarded-.*|x-real-ip|keyledger-.*)$/;

interface Forwarding {
  readonly client: ServiceClient;
  readonly tokens: InternalTokens;
  /** Largest body, in bytes. */
  readonly limit: number;
}

/** Forwards a request to a service, and its answer back, without holding either in memory. */
export const forward = async (
  request: FastifyRequest,
  reply: FastifyReply,
  { client, tokens, limit }: Forwarding,
): Promise<FastifyReply> => {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
  const answer = await client.request({
    method: request.method,
    path: request.url,
    headers: {
      ...passable(request.headers, hasBody),
      'request-id': request.id,
      traceparent: request.span.traceparent,
      [TOKEN_HEADER]: await tokens.issue(request.principal ?? null),
      [CLIENT_IP_HEADER]: request.client_ip,
    },
    body: hasBody ? bounded(request.raw, limit) : null,
    signal: gone.signal,
  });
  const { 'request-id': _id, traceparent: _span, ...headers } = passable(answer.headers, true);
  return addHeaders(reply, headers).code(answer.statusCode).send(answer.body);
};

/** Headers without those that end at this process. */
const passable = (headers: IncomingHttpHeaders, hasBody: boolean): Record<string, string | string[]> => {
  const named = new Set(
    String(headers['connection'] ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
  const passed: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || HOP_BY_HOP.has(name) || named.has(name) || CONSUMED.test(name)) continue;
    if (name === 'content-length' && !hasBody) continue;
    passed[name] = value;
  }
  return passed;
};

/** The body, refused as soon as it is known to be too large. */
const bounded = (message: IncomingMessage, limit: number): Readable => {
  const announced = Number(message.headers['content-length']);
  if (announced > limit) throw tooLarge(limit);
  return announced <= BODY_LIMIT ? message : Readable.from(counted(message, limit));
};

/**
 * Passes a large body on. A service may answer before it has read all of it: then the rest is discarded, because many clients
 * read the answer only after they have sent everything. Destroying the message would close the connection before that.
 */
async function* counted(message: IncomingMessage, limit: number): AsyncIterable<Uint8Array> {
  let bytes = 0;
  try {
    for await (const chunk of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > limit) throw tooLarge(limit);
      yield chunk;
    }
  } finally {
    message.resume();
  }
}

const tooLarge = (limit: number): Problem =>
  new Problem(413, 'BODY_TOO_LARGE', `This request body may have at most ${limit / 1_048_576} MiB.`);
