import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  assignNumbers,
  type AssignNumbers,
  type NumberAssigned,
  type NumberSeries,
  numbersOf,
  numberStream,
  seriesYear,
} from '#domain/billing/invoice/number';
import { derivedId } from '#domain/shared/id';
import type { EventMetadata } from '#events/event';
import { type EventStore, UniqueViolationError } from '#events/store';
import { EVENT_STORE } from '#platform/service';

type Document = AssignNumbers['documents'][number];

/** Gives numbers to invoices and credit notes: without gaps within series and year, and to each document once. */
@Injectable()
export class Numbers {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /**
   * Numbers of documents, in their order. All documents of a year get theirs with one command. A document that has a number
   * keeps it.
   * @returns by the id of the document
   */
  async assign(
    series: NumberSeries,
    prefix: string,
    documents: readonly Document[],
    metadata: EventMetadata,
  ): Promise<ReadonlyMap<string, NumberAssigned>> {
    const unique = [...new Map(documents.map((document) => [document.document_id, document])).values()];
    const years = Map.groupBy(unique, ({ issued_at }) => seriesYear(issued_at));
    const assigned = new Map<string, NumberAssigned>();
    for (const [year, some] of years) {
      for (const event of await this.#assign({ series, year, prefix, documents: some }, metadata))
        assigned.set(event.document_id, event);
    }
    return assigned;
  }

  /** The number of a document, if it has one. */
  async find(document_id: string): Promise<NumberAssigned | undefined> {
    const id = eventOf(document_id);
    return (await this.store.find<NumberAssigned>([id])).get(id)?.event;
  }

  async #assign(command: AssignNumbers, metadata: EventMetadata): Promise<readonly NumberAssigned[]> {
    if (command.documents.length === 0) return [];
    try {
      const { events } = await this.store.handle(
        numberStream,
        numbersOf(command.series, command.year),
        (state) => assignNumbers(command, state),
        { metadata, idOf: ({ document_id }) => eventOf(document_id) },
      );
      return events.map(({ event }) => event);
    } catch (error) {
      if (!(error instanceof UniqueViolationError && error.constraint === 'events_id_key')) throw error;
    }
    // Some of them have a number: the command is repeated after a crash, or at the same time elsewhere.
    const ids = command.documents.map(({ document_id }) => eventOf(document_id));
    const known = [...(await this.store.find<NumberAssigned>(ids)).values()].map(({ event }) => event);
    const done = new Set(known.map(({ document_id }) => document_id));
    const documents = command.documents.filter(({ document_id }) => !done.has(document_id));
    return [...known, ...(await this.#assign({ ...command, documents }, metadata))];
  }
}

/** Id of the event that gives a document its number: the database lets it happen once. */
const eventOf = (document_id: string): string =>
  derivedId('evt', createHash('sha256').update(`number of ${document_id}`).digest());
