import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { Problem } from './problem.ts';

/** Levels of arrays and objects that a body may have. */
const DEPTH = 32;

/** Media types of files that some routes take. */
const FILES = ['text/csv', 'application/x-ndjson'] as const;

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
  // Files are handed on as they come, to the routes that take them.
  fastify.addContentTypeParser([...FILES], (_request, file, done) => done(null, file));
};

/** Why a value is none that may be kept, or undefined when it is one; for JSON that comes by another way than a body. */
export const jsonFault = (value: unknown): string | undefined => {
  const found = faultOf(value, 1);
  return found && `${pointerOf(found) || 'it'} ${found.detail}`;
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
  const fault = faultOf(value, 1);
  if (fault !== undefined) throw refusal(fault);
  return value;
};

interface Fault {
  /** Keys from the fault outwards. */
  readonly path: string[];
  readonly detail: string;
}

/**
 * Looks for what no field may hold: too deep a nesting; NUL and halves of surrogate pairs, which PostgreSQL cannot store;
 * and numbers that would silently become others (I-JSON, RFC 7493 §2.2).
 */
const faultOf = (value: unknown, depth: number): Fault | undefined => {
  if (typeof value === 'string') return isStorable(value) ? undefined : fault('holds a character that is not allowed');
  if (typeof value === 'number') return isExact(value) ? undefined : fault('is a number that cannot be kept exactly');
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > DEPTH) return fault(`is nested more than ${DEPTH} levels deep`);
  for (const key of Object.keys(value)) {
    if (!isStorable(key)) return fault('has a key with a character that is not allowed');
    const found = faultOf((value as Record<string, unknown>)[key], depth + 1);
    if (found === undefined) continue;
    found.path.push(key);
    return found;
  }
  return undefined;
};

const fault = (detail: string): Fault => ({ path: [], detail });

const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

/** Not 1e309, not -0, and no integer beyond ±(2^53 − 1). */
const isExact = (value: number): boolean =>
  Number.isFinite(value) && !Object.is(value, -0) && (Number.isSafeInteger(value) || !Number.isInteger(value));

const pointerOf = ({ path }: Fault): string =>
  path.reduceRight((outer, key) => `${outer}/${escapePointer(key)}`, '').toWellFormed();

const refusal = (found: Fault): Problem => {
  const { detail } = found;
  const pointer = pointerOf(found);
  return new Problem(400, 'VALIDATION_FAILED', `${pointer || 'The body'} ${detail}.`, {
    errors: [{ pointer, detail }],
  });
};

/** A key as JSON Pointer writes it (RFC 6901). */
export const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
