import { escapeIdentifier, type Pool } from 'pg';
import type { EventContract } from './contract.ts';
import type { DomainEvent } from './decider.ts';
import type { EventMetadata, PublishedEvent } from './event.ts';
import { Schemas } from './store/upcast.ts';

/** An event as it lies in the log, with what publishing needs of it. Personal fields stay encrypted: no contract reads them. */
export interface LoggedEvent {
  readonly position: string;
  readonly id: string;
  readonly stream_id: string;
  readonly version: number;
  readonly type: string;
  readonly schema_version: number;
  readonly data: Record<string, unknown>;
  readonly metadata: EventMetadata;
  readonly recorded_at: Date;
}

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

/** The published form: CloudEvents 1.0, with the fields that the contract lets out and no others. */
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

/**
 * Published events of a service's log above a position.
 * @returns the events, and the position up to which the log has been read (beyond the last event if others lie there)
 */
export const readPublished = async (
  pool: Pool,
  schema: string,
  contracts: Contracts,
  after: number,
  limit: number,
): Promise<{ events: PublishedEvent[]; position: number }> => {
  const { rows } = await pool.query<LoggedEvent>({
    name: `published_${schema}`,
    text: `select ${COLUMNS} from ${escapeIdentifier(schema)}.events where position > $1 order by position limit $2`,
    values: [after, limit],
  });
  return { events: published(rows, contracts), position: Number(rows.at(-1)?.position ?? after) };
};

/** Positions that one look passes by at most, so that it is short however little of a log is wanted. */
const WINDOW = 20_000;

/** As `readPublished`, where few of the log's types have a contract here: the database passes the others by. */
export const readFew = async (
  pool: Pool,
  schema: string,
  contracts: Contracts,
  after: number,
  limit: number,
): Promise<{ events: PublishedEvent[]; position: number }> => {
  // Positions are in commit order: all that lies below a head that has been seen is there.
  const { rows: heads } = await pool.query<{ head: string }>({
    name: `head_${schema}`,
    text: `select coalesce(max(position), 0) as head from ${escapeIdentifier(schema)}.events`,
  });
  const upTo = Math.min(Number(heads[0]?.head), after + WINDOW);
  if (upTo <= after) return { events: [], position: after };
  const { rows } = await pool.query<LoggedEvent>({
    name: `few_published_${schema}`,
    text: `select ${COLUMNS} from ${escapeIdentifier(schema)}.events
      where position > $1 and position <= $2 and type = any($3) order by position limit $4`,
    values: [after, upTo, contracts.types, limit],
  });
  return {
    events: published(rows, contracts),
    position: rows.length < limit ? upTo : Number(rows.at(-1)?.position),
  };
};

const COLUMNS = 'position, id, stream_id, version, type, schema_version, data, metadata, recorded_at';

const published = (rows: readonly LoggedEvent[], contracts: Contracts): PublishedEvent[] =>
  rows.flatMap((row) => {
    const contract = contracts.get(row.type);
    return contract === undefined ? [] : [publish(row, contract, contracts.schemas)];
  });
