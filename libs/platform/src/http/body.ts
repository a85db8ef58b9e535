import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { Problem } from './problem.ts';

/** Levels of arrays and objects that a body may have. */
const DEPTH = 32;

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it was sent; an Idempotency-Key is held against its hash. */
    raw_body: Buffer | undefined;
  }
}

/** Reads JSON bodies and nothing else: other content types are 415. */
export const installBodyParser = (fastify: FastifyInstance): void => {
  fastify.decorateRequest('raw_body', undefined);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    request.raw_body = body;
    try {
      done(null, parse(body));
    } catch (error) {
      done(error as Error);
    }
  });
};

const parse = (body: Buffer): unknown => {
  if (body.length === 0) return undefined;
  if (!isUtf8(body)) throw new Problem(400, 'MALFORMED_JSON', 'The body is not UTF-8.');
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw new Problem(400, 'MALFORMED_JSON', 'The body is not valid JSON.');
  }
  inspect(value, '', 1);
  return value;
};

/** Refuses what no field may hold: too deep a nesting, NUL, and halves of surrogate pairs, which PostgreSQL cannot store. */
const inspect = (value: unknown, pointer: string, depth: number): void => {
  if (typeof value === 'string') {
    if (value.includes('\0') || !value.isWellFormed()) refuse(pointer, 'holds a character that is not allowed');
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > DEPTH) refuse(pointer, `is nested more than ${DEPTH} levels deep`);
  for (const [key, inner] of Object.entries(value)) {
    if (key.includes('\0') || !key.isWellFormed()) refuse(pointer, 'has a key with a character that is not allowed');
    inspect(inner, `${pointer}/${key}`, depth + 1);
  }
};

const refuse = (pointer: string, detail: string): never => {
  throw new Problem(400, 'VALIDATION_FAILED', `${pointer || 'The body'} ${detail}.`, { errors: [{ pointer, detail }] });
};
