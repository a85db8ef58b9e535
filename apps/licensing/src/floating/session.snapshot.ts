import { floatingStream, type Session, type Sessions } from '#domain/floating/floating';
import type { Snapshot } from '#events';
import type { SessionRow } from './session.table.ts';

/** null where no session runs: then only the stream's version is told. */
type Row = { readonly stream_version: number | null } & (SessionRow | { readonly id: null });

/** The sessions that no event has ended, so that a stream of a million heartbeats is loaded by one SELECT. */
export const sessionsSnapshot: Snapshot = {
  stream: floatingStream,
  load: async (streamId, pool) => {
    const [license_id] = streamId.split('/');
    const { rows } = await pool.query<Row>({
      name: 'floating_snapshot',
      text: `select head.stream_version, s.*
        from (select max(version) as stream_version from floating_sessions where license_id = $1) as head
        left join floating_sessions as s on s.license_id = $1 and s.ended_at is null
        order by s.begun_in`,
      values: [license_id],
    });
    const version = rows[0]?.stream_version ?? undefined;
    if (version === undefined) return undefined;
    const state: Sessions = new Map(rows.flatMap((row) => (row.id === null ? [] : [[row.id, sessionOf(row)]])));
    return { state, version };
  },
};

const sessionOf = ({ id: session_id, expires_at, borrowed_until, ...row }: SessionRow): Session => ({
  product_id: row.product_id,
  license_id: row.license_id,
  session_id,
  identifier_hash: row.identifier_hash,
  label: row.label,
  expires_at: expires_at.toISOString(),
  borrowed_until: borrowed_until?.toISOString() ?? null,
});
