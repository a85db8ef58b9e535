import { Controller } from '@nestjs/common';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { Licenses } from '../licenses/licenses.ts';
import { endSession, listSessions, type SessionView } from './floating.endpoints.ts';
import type { SessionRow } from './session.table.ts';
import { Sessions } from './sessions.ts';

/** Routes for merchants: list the sessions of a floating license, and end them. */
@Controller()
export class SessionController {
  constructor(
    private readonly licenses: Licenses,
    private readonly sessions: Sessions,
  ) {}

  @Endpoint(listSessions)
  async list({ params: { id }, query, principal }: Call<typeof listSessions>): Promise<unknown> {
    await this.licenses.find(id, principal);
    const { limit = DEFAULT_LIMIT, cursor } = query;
    const [after = ''] = decodeCursor(cursor, ['string']).map(String);
    const rows = await this.sessions.running(id, after, limit + 1);
    return pageOf(rows, limit, (row) => [row.id], view);
  }

  @Endpoint(endSession)
  async end(call: Call<typeof endSession>): Promise<Answer> {
    const { id, session_id } = call.params;
    await this.licenses.find(id, call.principal);
    await this.sessions.handle(id, (on) => ({ ...on, type: 'EndSession', session_id }), { metadata: call.metadata() });
    return new Answer(204, null);
  }
}

const view = ({
  id,
  license_id,
  product_id,
  identifier,
  identifier_hash,
  label,
  ...times
}: SessionRow): SessionView => ({
  id,
  license_id,
  product_id,
  identifier,
  identifier_hash,
  label,
  checked_out_at: times.checked_out_at.toISOString(),
  renewed_at: times.renewed_at.toISOString(),
  expires_at: times.expires_at.toISOString(),
  borrowed_until: times.borrowed_until?.toISOString() ?? null,
});
