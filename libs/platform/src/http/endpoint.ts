import type { Readable } from 'node:stream';
import type { DomainEvent } from '#events/decider';
import type { EventMetadata } from '#events/event';
import type { HandleOptions, Outcome } from '#events/store';
import type { Static, TSchema } from 'typebox';
import type { Principal, Scope } from '../auth/principal.ts';

/**
 * The whole truth about a route: it validates the request, documents it in OpenAPI, types the handler's argument and is
 * what the route is registered from. Schemas are TypeBox objects with `additionalProperties: false`.
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
  /** A scope an API key must have; `license` = the licence key in the body or an API key with `licenses:write`; `public` = nothing. */
  readonly auth: Scope | 'license' | 'public';
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** Media types of a file that is the body, in place of JSON; the handler reads it as it comes, by `call.upload`. */
  readonly upload?: readonly string[];
  /** Size of that file, in bytes, at most. */
  readonly upload_limit?: number;
  /** Request headers of this route's own, with what they say, for the documentation; the handler reads them by `call.header`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Successful answers by status; the first is what a plain return value is sent with. `null` = no body. */
  readonly answers: Readonly<Record<number, AnswerContract>>;
  /** Codes of problems this route answers with, beyond those every route may (validation, credentials, rate limit). */
  readonly problems: readonly { readonly status: number; readonly code: string }[];
}

/** A successful answer: its schema (null = no body) and its media type where that is not JSON. */
export interface AnswerContract {
  readonly description: string;
  readonly schema: TSchema | null;
  readonly media?: string;
  /** Media types of files in which the same is given when it is asked for so. */
  readonly files?: readonly string[];
}

type Parsed<S> = S extends TSchema ? Static<S> : unknown;

/** What a handler is given: parsed, validated, typed by the contract. */
export interface Call<C extends EndpointContract = EndpointContract> {
  readonly params: Parsed<C['params']>;
  readonly query: Parsed<C['query']>;
  readonly body: Parsed<C['body']>;
  /** The file that a route with `upload` is sent. */
  readonly upload: Readable;
  readonly principal: Principal;
  readonly request_id: string;
  readonly ip: string;
  readonly user_agent: string | null;
  /** A request header by its name in lower case. */
  header(name: string): string | undefined;
  /** Version from `If-Match`, when it was sent. */
  readonly if_match: number | undefined;
  /** Metadata for events of this call; `actor` overrides the principal's (a licence key in the body). */
  metadata(actor?: EventMetadata['actor']): EventMetadata;
  /**
   * Options for `EventStore.handle`: metadata, If-Match and, when an Idempotency-Key was sent, the command id and the
   * answer to remember in the same transaction as the events. `answer` must be pure.
   */
  command<State, Event extends DomainEvent>(
    answer: (outcome: Outcome<State, Event>) => Answer,
    actor?: EventMetadata['actor'],
  ): HandleOptions<State, Event>;
}

/**
 * A response with a status or headers of its own. Handlers may also return a plain body. A `Readable` is sent as it comes, no
 * faster than the caller takes it, and is destroyed when the caller goes away.
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
