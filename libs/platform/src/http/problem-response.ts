import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { StaleVersionError } from '#events/store';
import { isUnavailable } from '#events/store/away';
import { addHeaders } from '../rate-limit/rate-limit.ts';
import { PATCH_TYPES } from './body.ts';
import { isProblem, Problem, type ProblemShape } from './problem.ts';

/** Errors of Fastify itself, by its codes. */
const FASTIFY: Readonly<Record<string, readonly [number, string, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'BODY_TOO_LARGE', 'The body is larger than this route takes.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'UNSUPPORTED_MEDIA_TYPE', 'Send application/json.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'MALFORMED_REQUEST', 'Content-Length does not match the body.'],
  FST_ERR_BAD_URL: [400, 'MALFORMED_REQUEST', 'The address is not valid.'],
};

/** Any error as a problem; errors that callers must not see become a 500 without details. */
export const problemOf = (error: unknown): ProblemShape => {
  if (error instanceof StaleVersionError) {
    return new Problem(
      412,
      'PRECONDITION_FAILED',
      `The resource is at version ${error.actual}, which If-Match does not name.`,
      { version: error.actual },
    );
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = FASTIFY[code];
  if (known !== undefined) return new Problem(...known);
  if (isProblem(error) && !code.startsWith('FST_')) return error;
  if (isUnavailable(error)) {
    return new Problem(503, 'UNAVAILABLE', 'The service is not available at the moment.', {}, { 'retry-after': '1' });
  }
  if (code.startsWith('FST_') && error instanceof Error && 'statusCode' in error && Number(error.statusCode) < 500) {
    return new Problem(Number(error.statusCode), 'MALFORMED_REQUEST', 'The request cannot be read.');
  }
  return new Problem(500, 'INTERNAL', 'Something went wrong on our side.');
};

/** Answers an error with RFC 9457 problem+json; 5xx errors are logged with the request's id. */
export const sendProblem = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  publicUrl: string,
): FastifyReply => {
  const problem = problemOf(error);
  if (problem.status >= 500) request.log.error({ err: error, request_id: request.id }, 'a request failed');
  if (problem.status === 415 && request.method === 'PATCH') reply.header('accept-patch', PATCH_TYPES.join(', '));
  return addHeaders(reply, problem.headers ?? {})
    .status(problem.status)
    .type('application/problem+json')
    .send(JSON.stringify(problemDocument(problem, request, publicUrl)));
};

export const problemDocument = (problem: ProblemShape, request: FastifyRequest, publicUrl: string) => ({
  ...problem.extensions,
  type: `${publicUrl}/problems/${problem.code}`,
  title: STATUS_CODES[problem.status] ?? 'Error',
  status: problem.status,
  detail: problem.message,
  instance: request.url.split('?')[0] ?? '',
  code: problem.code,
});
