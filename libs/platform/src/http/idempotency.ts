import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { ClientBase, Pool } from 'pg';
import { escapeIdentifier } from 'pg';
import type { EventStore, Remembered } from '#events/store';
import { realTime } from '../clock/clock.ts';
import type { MasterKey } from '../crypto/keys.ts';
import { Problem } from './problem.ts';

/** How long an answer is kept for replay. */
const KEPT_MS = 24 * 3_600_000;
/** After this time the claim of a process that died is free again. */
const CLAIM_SECONDS = 60;

/**
 * Creates the table of claims: the keys of calls in flight. The event store keeps the answers, with the events. A claim need not
 * survive a crash of the database, which ends the calls too, so the table is unlogged and a claim costs no flush. A starting
 * process deletes the claims of killed ones.
 */
export const migrateIdempotency = async (client: ClientBase, schema: string): Promise<void> => {
  const table = `${escapeIdentifier(schema)}.idempotency_claims`;
  await client.query(
    `create unlogged table if not exists ${table} (command_id text primary key, claimed_until timestamptz not null)`,
  );
  await client.query(`delete from ${table} where claimed_until < now()`);
};

/** Where a service keeps idempotent calls. */
export interface IdempotencyStore {
  readonly store: EventStore;
  readonly pool: Pool;
  readonly masterKey: MasterKey;
}

/** An answer as it was sent. */
export interface SentAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An Idempotency-Key in use by one call. */
export class IdempotentCall {
  readonly commandId: string;
  readonly #fingerprint: string;
  /** The end of our claim. If another call has taken over the expired claim, its end differs, and we must not release it. */
  #claimedUntil = '';
  /** True once the answer has been written together with the events. */
  remembered = false;

  /**
   * @param caller that sent the key: callers do not share keys
   * @param operation of the route
   */
  constructor(
    private readonly kept: IdempotencyStore,
    key: string,
    caller: string,
    operation: string,
    request: FastifyRequest,
  ) {
    this.commandId = sha256(JSON.stringify([caller, operation, key]));
    this.#fingerprint = sha256(`${request.url}\n${request.raw_body?.toString('base64') ?? ''}`);
  }

  /**
   * Claims the key for this call.
   * @returns the answer of an earlier call with the key, to be replayed
   * @throws Problem 422 if the key was used with another request, 409 while the first call is in flight
   */
  async begin(): Promise<SentAnswer | undefined> {
    const before = await this.kept.store.recall(this.commandId);
    if (before !== undefined) return this.replay(before.fingerprint, before.result);
    await this.#claim();
    try {
      // The first call may have ended between the check above and the claim.
      const meanwhile = await this.kept.store.recall(this.commandId);
      if (meanwhile === undefined) return undefined;
      const answer = this.replay(meanwhile.fingerprint, meanwhile.result);
      await this.end();
      return answer;
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  async #claim(): Promise<void> {
    const { rows } = await this.kept.pool.query<{ claimed_until: string }>({
      name: 'claim_idempotency_key',
      text: `insert into idempotency_claims as c (command_id, claimed_until) values ($1, now() + make_interval(secs => $2))
        on conflict (command_id) do update set claimed_until = excluded.claimed_until where c.claimed_until < now()
        returning claimed_until::text`,
      values: [this.commandId, CLAIM_SECONDS],
    });
    const [claim] = rows;
    if (claim === undefined) {
      const inProgress = 'The first request with this Idempotency-Key is still being answered.';
      throw new Problem(409, 'IDEMPOTENCY_IN_PROGRESS', inProgress, {}, { 'retry-after': '1' });
    }
    this.#claimedUntil = claim.claimed_until;
  }

  /** @throws Problem 422 if the key was used with another request */
  replay(fingerprint: string, result: Uint8Array): SentAnswer {
    if (fingerprint !== this.#fingerprint) {
      throw new Problem(422, 'IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used with another request.');
    }
    const sealed = Buffer.from(result).toString();
    return JSON.parse(
      Buffer.from(this.kept.masterKey.open('idempotency', sealed, this.commandId)).toString(),
    ) as SentAnswer;
  }

  /** Answers may hold a secret that is shown once, so they are kept encrypted. */
  memory(answer: SentAnswer): Remembered {
    return {
      fingerprint: this.#fingerprint,
      result: Buffer.from(this.kept.masterKey.seal('idempotency', JSON.stringify(answer), this.commandId)),
      expires_at: new Date(realTime() + KEPT_MS).toISOString(),
    };
  }

  /** Keeps an answer that was not written with events: 2xx, and decided refusals (409, 429). */
  async keep(answer: SentAnswer): Promise<void> {
    const decided = (answer.status >= 200 && answer.status < 300) || answer.status === 409 || answer.status === 429;
    if (decided && !this.remembered) await this.kept.store.remember(this.commandId, this.memory(answer));
  }

  /** Releases the key. */
  async end(): Promise<void> {
    await this.kept.pool.query({
      name: 'release_idempotency_key',
      text: 'delete from idempotency_claims where command_id = $1 and claimed_until = $2::timestamptz',
      values: [this.commandId, this.#claimedUntil],
    });
  }
}

/** @throws Problem 400 unless it is 1–255 visible ASCII characters */
export const parseIdempotencyKey = (header: string | string[] | undefined): string | undefined => {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new Problem(400, 'VALIDATION_FAILED', 'Idempotency-Key must be 1 to 255 visible ASCII characters.', {
    errors: [{ pointer: 'Idempotency-Key', detail: 'must be 1 to 255 visible ASCII characters' }],
  });
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');
