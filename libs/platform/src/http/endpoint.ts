import type { Readable } from 'node:stream';
import type { DomainEvent } from '#events/decider';
import type { EventMetadata } from '#events/event';
import type { HandleOptions, Outcome } from '#events/store';
import type { Static, TSchema } from 'typebox';
import type { Principal } from '../auth/principal.ts';
import type { Authentication } from '../auth/scheme.ts';

/**
 * Everything about a route in one place: it validates the request, documents the route in OpenAPI, types the handler's
 * argument and registers the route. Schemas are TypeBox objects with `additionalProperties: false`.
 */
export interface EndpointContract<
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/v1` unless `root` is set; parameters as `:id`. */
  readonly path: string;
  readonly root?: boolean;
  /** `operationId` in OpenAPI; also the route's name in metrics and in Idempotency-Key records. */
  readonly operation: string;
  readonly tag: string;
  readonly summary: string;
  /** The scope that an API key must have, or a scheme whose credential stands in the body, or `public`. */
  readonly auth: Authentication;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** Media types of a file that is the body, in place of JSON; the handler reads it as a stream, `call.upload`. */
  readonly upload?: readonly string[];
  /** Maximum size of that file, in bytes. */
  readonly upload_limit?: number;
  /**
   * The body is handed over byte for byte, `call.raw`, whatever its media type says; it may have at most so many bytes. For
   * callers that sign their bodies. Such a route takes no Idempotency-Key.
   */
  readonly raw_limit?: number;
  /** Request headers that only this route reads, by `call.header`: name → description for the documentation. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Successful answers by status; a plain return value is sent with the first. `null` = no body. */
  readonly answers: Readonly<Record<number, AnswerContract>>;
  /** Codes of problems that this route answers with, beyond those that every route may (validation, credentials, rate limit). */
  readonly problems: readonly { readonly status: number; readonly code: string }[];
}

/** A successful answer: its schema (null = no body) and its media type where that is not JSON. */
export interface AnswerContract {
  readonly description: string;
  readonly schema: TSchema | null;
  readonly media?: string;
  /** Media types of files that hold the same data, for callers that ask for one. */
  readonly files?: readonly string[];
  /** The answer carries an `ETag` that changes with everything that it shows, so a GET with `If-None-Match` may be 304. */
  readonly etag?: true;
}

type Parsed<S> = S extends TSchema ? Static<S> : unknown;

/** The argument of a handler: the request, parsed, validated and typed by the contract. */
export interface Call<C extends EndpointContract = EndpointContract> {
  readonly params: Parsed<C['params']>;
  readonly query: Parsed<C['query']>;
  readonly body: Parsed<C['body']>;
  /** The file that was sent to a route with `upload`. */
  readonly upload: Readable;
  /** The body of a route with `raw_limit`, as it was sent; it may be empty. */
  readonly raw: Buffer;
  readonly principal: Principal;
  readonly request_id: string;
  readonly ip: string;
  readonly user_agent: string | null;
  /** A request header by its name in lower case. */
  header(name: string): string | undefined;
  /** Adds headers to the answer, whether it succeeds or is a problem. */
  addHeaders(headers: Readonly<Record<string, string>>): void;
  /** Versions that `If-Match` names; undefined = any. */
  readonly if_match: readonly number[] | undefined;
  /** Metadata for events of this call; `actor` overrides the principal's (a license key in the body). */
  metadata(actor?: EventMetadata['actor']): EventMetadata;
  /**
   * Options for `EventStore.handle`: metadata, If-Match and, if an Idempotency-Key was sent, the command id and the answer to
   * remember in the same transaction as the events. `answer` must be pure.
   */
  command<State, Event extends DomainEvent>(
    answer: (outcome: Outcome<State, Event>) => Answer,
    actor?: EventMetadata['actor'],
  ): HandleOptions<State, Event>;
}

/**
 * A response with a status or headers of its own. Handlers may also return a plain body. A `Readable` is streamed with
 * backpressure, and is destroyed when the caller disconnects.
 */
export class Answer {
  constructor(
    readonly status: number,
    readonly body: unknown,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

/** Keeps the contract's literal types. */
export const endpoint = <P extends TSchema, Q extends TSchema, B extends TSchema, C extends EndpointContract<P, Q, B>>(
  contract: C & EndpointContract<P, Q, B>,
): C => contract;

export const ENDPOINT = Symbol('keyledger:endpoint');

/** Marks a controller method as the handler of a route: `(call: Call<typeof contract>) => body | Answer`. */
export const Endpoint =
  <C extends EndpointContract>(contract: C): TypedMethod<C> =>
  (_target, _property, descriptor) => {
    Reflect.defineMetadata(ENDPOINT, contract, descriptor.value as object);
  };

type TypedMethod<C extends EndpointContract> = <R>(
  target: object,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<(call: Call<C>) => R>,
) => void;
