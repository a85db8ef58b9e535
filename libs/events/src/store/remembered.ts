import type { Pool } from 'pg';
import { HandledBeforeError, type Remembered } from '../store.ts';

interface Row {
  fingerprint: string;
  result: Buffer;
}

/** Stored results of commands with an id, so that a command that is sent again gets the same answer. */
export class RememberedCommands {
  constructor(private readonly pool: Pool) {}

  async recall(commandId: string): Promise<Remembered | undefined> {
    const { rows } = await this.pool.query<Row & { expires_at: Date }>({
      name: 'recall',
      text: 'select fingerprint, result, expires_at from commands where command_id = $1 and expires_at > now()',
      values: [commandId],
    });
    const row = rows[0];
    return row && { ...row, expires_at: row.expires_at.toISOString() };
  }

  async remember(commandId: string, { fingerprint, result, expires_at }: Remembered): Promise<void> {
    await this.pool.query(
      `insert into commands as c (command_id, fingerprint, result, expires_at) values ($1, $2, $3, $4)
       on conflict (command_id) do update set fingerprint = excluded.fingerprint, result = excluded.result,
         expires_at = excluded.expires_at where c.expires_at <= now()`,
      [commandId, fingerprint, Buffer.from(result), expires_at],
    );
  }

  /** @throws HandledBeforeError with the command's stored result */
  async refuseIfHandled(commandId: string): Promise<void> {
    const { rows } = await this.pool.query<Row & { expired: boolean }>({
      name: 'handled_before',
      text: 'select fingerprint, result, expires_at <= now() as expired from commands where command_id = $1',
      values: [commandId],
    });
    for (const { fingerprint, result, expired } of rows) {
      if (!expired) throw new HandledBeforeError(commandId, fingerprint, result);
      // An expired id may be used again, so its row is removed.
      await this.pool.query('delete from commands where command_id = $1 and expires_at <= now()', [commandId]);
    }
  }
}
