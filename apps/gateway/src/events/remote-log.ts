import type { LogFilter, LogPage, PublishedLog } from '#events/source/published-log';
import type { InternalTokens } from '#platform/auth/internal-token';
import { INTERNAL_EVENTS, LONGEST_WAIT_MS } from '#platform/events/own-logs';
import { GATEWAY } from '../routing/gateway-principal.ts';
import type { ServiceClient } from '../routing/service-client.ts';

/** The log of a service in another process, read over HTTP. */
export class RemoteLog implements PublishedLog {
  readonly service: string;

  constructor(
    private readonly client: ServiceClient,
    private readonly tokens: InternalTokens,
  ) {
    this.service = client.name;
  }

  read(after: number, limit: number, { types, subject }: LogFilter = {}): Promise<LogPage> {
    return this.#ask({
      after: String(after),
      limit: String(limit),
      ...(types === undefined ? {} : { types: types.join(',') }),
      ...(subject === undefined ? {} : { subject }),
    });
  }

  grown(after: number, limit: number, milliseconds: number, signal: AbortSignal): Promise<LogPage> {
    const wait = String(Math.min(milliseconds, LONGEST_WAIT_MS));
    return this.#ask({ after: String(after), limit: String(limit), wait }, signal);
  }

  #ask(query: Record<string, string>, signal?: AbortSignal): Promise<LogPage> {
    const path = `${INTERNAL_EVENTS}/${this.service}?${new URLSearchParams(query).toString()}`;
    return this.client.ask<LogPage>(this.tokens, GATEWAY, { path, signal });
  }
}
