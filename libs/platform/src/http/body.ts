import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';

/** Levels of arrays and objects that a body may have. */
const DEPTH = 32;

/** Media types of files that some routes take. */
const FILES = ['text/csv', 'application/x-ndjson'] as const;

const JSON_TYPE = 'application/json';
/** A PATCH merges, so its body may say that it is a merge patch (RFC 7396). */
const MERGE_PATCH = 'application/merge-patch+json';

/** Media types of a PATCH, as `Accept-Patch` (RFC 5789 §3.1) names them. */
export const PATCH_TYPES = [MERGE_PATCH, JSON_TYPE] as const;

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as it was sent; an Idempotency-Key is compared with its hash. */
    raw_body: Buffer | undefined;
  }
}

/**
 * Reads JSON bodies in UTF-8, and hands files to the routes that take them. Other media types, charsets of JSON and content
 * codings are 415.
 */
export const installBodyParser = (fastify: FastifyInstance): void => {
  fastify.decorateRequest('raw_body', undefined);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser([...PATCH_TYPES], { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    request.raw_body = body;
    const refused = refusedCoding(request) ?? refusedType(request);
    if (refused !== undefined) {
      done(refused);
      return;
    }
    try {
      done(null, parse(body));
    } catch (error) {
      done(error as Error);
    }
  });
  fastify.addContentTypeParser([...FILES], (request, file, done) => done(refusedCoding(request) ?? null, file));
};

const unsupported = (detail: string, headers: Readonly<Record<string, string>> = {}): Problem =>
  new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', detail, {}, headers);

/** Compressed bodies are refused. */
const refusedCoding = ({ headers }: FastifyRequest): Problem | undefined => {
  const coding = headers['content-encoding'];
  if (coding === undefined || /^identity$/i.test(coding)) return undefined;
  return unsupported('Send the body uncompressed, without Content-Encoding.', { 'accept-encoding': 'identity' });
};

const CHARSET = /;[ \t]*charset="?([^";, \t]*)/i;

/** JSON is UTF-8 (RFC 8259 §8.1): any other charset is refused, and so is a merge patch by another method than PATCH. */
const refusedType = ({ headers, method }: FastifyRequest): Problem | undefined => {
  const type = headers['content-type'];
  if (type === undefined || type === JSON_TYPE) return undefined;
  const charset = CHARSET.exec(type)?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) return unsupported(`Send JSON in UTF-8, not in ${charset}.`);
  return method !== 'PATCH' && type.toLowerCase().startsWith(MERGE_PATCH)
    ? unsupported(`Send ${JSON_TYPE}; ${MERGE_PATCH} is for PATCH.`)
    : undefined;
};

/** Why a value must not be stored, or undefined when it may be; for JSON that does not come as a request's body. */
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
 * Finds what no field may hold: nesting that is too deep; NUL and halves of surrogate pairs, which PostgreSQL cannot store;
 * and numbers that a double cannot hold exactly (I-JSON, RFC 7493 §2.2).
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

/** Refuses 1e309, -0, and integers beyond ±(2^53 − 1). */
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
