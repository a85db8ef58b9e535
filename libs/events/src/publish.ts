import { escapeIdentifier, type Pool } from 'pg';
import type { EventContract } from './contract.ts';
import type { DomainEvent } from './decider.ts';
import type { PublishedEvent } from './event.ts';
import { LOGGED_COLUMNS, type LoggedEvent } from './store/logged-event.ts';
import { Schemas } from './store/upcast.ts';
import { runAlone } from './subscription/transaction.ts';

/** Contracts by event type, for publishing. */
export interface Contracts {
  get(type: string): EventContract<never> | undefined;
  readonly types: readonly string[];
  readonly schemas: Schemas;
}

export const contractsByType = (contracts: readonly EventContract<never>[]): Contracts => {
  const byType = new Map(contracts.map((contract) => [contract.type, contract]));
  const upcasters = contracts.flatMap(({ type, upcasters }) =>
    upcasters === undefined ? [] : [[type, upcasters] as const],
  );
  return {
    get: (type) => byType.get(type),
    types: [...byType.keys()],
    schemas: new Schemas([{ upcasters: Object.fromEntries(upcasters) }]),
  };
};

/** The published form: CloudEvents 1.0, with the fields of the contract and no others. Contracts have no personal fields. */
export const publish = (logged: LoggedEvent, contract: EventContract<never>, schemas: Schemas): PublishedEvent => {
  const { metadata } = logged;
  const data = schemas.upcast(logged.type, logged.schema_version, logged.data);
  return {
    specversion: '1.0',
    id: logged.id,
    source: `keyledger/${contract.service}`,
    type: logged.type,
    subject: logged.stream_id,
    time: logged.recorded_at.toISOString(),
    datacontenttype: 'application/json',
    dataschema: dataschema(contract),
    streamversion: logged.version,
    position: Number(logged.position),
    ...(metadata.traceparent === undefined ? {} : { traceparent: metadata.traceparent }),
    correlationid: metadata.correlation_id,
    actortype: metadata.actor.type,
    actorid: metadata.actor.id,
    // The log holds what the writer's types let it write; a contract is made for that very type of event.
    data: (contract.publish as (event: DomainEvent) => Record<string, unknown>)({ type: logged.type, ...data }),
  };
};

/** Name of a data schema: it changes only when the schema does. */
export const dataschema = ({ type, schema_version }: EventContract<never>): string =>
  `urn:keyledger:event:${type}:${schema_version}`;

/** The most positions that one read covers, so that it is short however few of the events are wanted. */
const WINDOW = 20_000;

/** A part of a log. */
export interface LogRange {
  /** Positions above this one. */
  readonly after: number;
  /** Events at most. */
  readonly limit: number;
  /** As in `Subscription`. */
  readonly unwanted?: string | undefined;
}

/**
 * Published events of a service's log, of the types that have a contract here: the database filters out the others. One statement
 * reads the log and the unwanted types, so that it sees both as they are at one moment.
 * @returns the events, the position up to which the log was read (beyond the last event if events of other types follow), and
 *   whether the log has more
 */
export const readPublished = async (
  pool: Pool,
  schema: string,
  contracts: Contracts,
  { after, limit, unwanted }: LogRange,
): Promise<{ events: PublishedEvent[]; position: number; more: boolean }> => {
  const log = `${escapeIdentifier(schema)}.events`;
  const { rows } = await runAlone<{ readonly head: string } & (LoggedEvent | { readonly id: null })>(pool, {
    name: `${unwanted === undefined ? 'published' : 'wanted'}_${schema}`,
    text: `
      with seen as materialized (
        select (select coalesce(max(position), 0) from ${log}) as head, ${unwanted ?? "'{}'::text[]"} as unwanted
      )
      select seen.head, logged.*
      from seen
      left join lateral (
        select ${LOGGED_COLUMNS}
        from ${log}
        where position > $1 and position <= least(seen.head, $1 + ${WINDOW}) and type = any($2) and type <> all(seen.unwanted)
        order by position limit $3
      ) as logged on true
      order by logged.position`,
    values: [after, contracts.types, limit],
  });
  // Positions are in commit order: a reader that sees a head also sees all positions below it.
  const head = Number(rows[0]?.head);
  const upTo = Math.max(after, Math.min(head, after + WINDOW));
  const logged = rows.filter((row) => row.id !== null);
  const events = logged.flatMap((row) => {
    const contract = contracts.get(row.type);
    return contract === undefined ? [] : [publish(row, contract, contracts.schemas)];
  });
  const position = logged.length < limit ? upTo : Number(logged.at(-1)?.position);
  return { events, position, more: position < head };
};
