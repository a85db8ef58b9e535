import { floatingStream, type Session, type Sessions } from '#domain/licensing/floating/floating';
import type { Snapshot } from '#events/store';
import type { SessionRow } from './session.table.ts';

/** null if no session is active: the row then has only the version of the stream. */
type Row = { readonly stream_id: string; readonly stream_version: number } & (SessionRow | { readonly id: null });

/** Loads the sessions that no event has ended, so that one SELECT loads a stream of a million heartbeats. */
export const sessionsSnapshot: Snapshot = {
  stream: floatingStream,
  load: async (streamIds, pool) => {
    // Not a prepared statement: a query plan made for few sessions would scan all of them when there are many.
    const { rows } = await pool.query<Row>({
      text: `select l.stream_id, head.stream_version, s.*
        from unnest($1::text[], $2::text[]) as l(stream_id, license_id)
        cross join lateral (
          select max(version) as stream_version from floating_sessions where license_id = l.license_id
        ) as head
        left join lateral (
          select * from floating_sessions where license_id = l.license_id and ended_at is null
        ) as s on true
        where head.stream_version is not null
        order by s.begun_in`,
      values: [streamIds, streamIds.map((id) => id.split('/')[0])],
    });
    return new Map(
      [...Map.groupBy(rows, ({ stream_id }) => stream_id)].map(([id, own]) => [
        id,
        { state: stateOf(own), version: own[0]?.stream_version ?? 0 },
      ]),
    );
  },
};

const stateOf = (rows: readonly Row[]): Sessions =>
  new Map(rows.flatMap((row) => (row.id === null ? [] : [[row.id, sessionOf(row)]])));

const sessionOf = ({ id: session_id, expires_at, borrowed_until, ...row }: SessionRow): Session => ({
  product_id: row.product_id,
  license_id: row.license_id,
  session_id,
  identifier_hash: row.identifier_hash,
  label: row.label,
  expires_at: expires_at.toISOString(),
  borrowed_until: borrowed_until?.toISOString() ?? null,
});
