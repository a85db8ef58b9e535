import { Inject, Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { LogTail } from '#events/source/log-tail';
import type { PublishedLog } from '#events/source/published-log';
import { EventTypes } from '#platform/events/event-types';
import { ownLogs } from '#platform/events/own-logs';
import { LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { Routing } from '../routing/routing.ts';
import { RemoteLog } from './remote-log.ts';

/** The logs of all services that publish events: read from the database if they run in this process, otherwise over HTTP. */
@Injectable()
export class EventLogs {
  #all: readonly PublishedLog[] | undefined;
  #tails: readonly LogTail[] | undefined;

  constructor(
    private readonly modules: ModulesContainer,
    private readonly routing: Routing,
    private readonly types: EventTypes,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** One log per service, by name. */
  get all(): readonly PublishedLog[] {
    this.#all ??= this.#logs().sort((a, b) => (a.service < b.service ? -1 : 1));
    return this.#all;
  }

  /** The tails of the logs, shared by streams. */
  get tails(): readonly LogTail[] {
    this.#tails ??= this.all.map((log) => new LogTail(log, (error) => this.warn(error, log.service)));
    return this.#tails;
  }

  #logs(): PublishedLog[] {
    const own = ownLogs(this.modules, (error, what) => this.logger.warn({ err: error }, what));
    const publishing = new Set(this.types.contracts.map(({ service }) => service));
    const remote = [...this.routing.clients.values()]
      .filter(({ name }) => publishing.has(name))
      .map((client) => new RemoteLog(client, this.routing.tokens));
    return [...own, ...remote];
  }

  warn(error: unknown, service: string): void {
    this.logger.warn({ err: error, service }, 'the events of a service cannot be read');
  }
}
