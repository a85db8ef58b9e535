import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { type Leadership, pause, runAsLeader } from '#events/leader';
import type { Config } from '../config/config.ts';
import type { MasterKey } from '../crypto/keys.ts';
import type { ServiceDatabase } from '../database/database.ts';
import { CONFIG, DATABASE, LOGGER, MASTER_KEY, SERVICE, type ServiceDefinition } from '../service.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Mail } from './mail.ts';
import { createMailer, type Mailer, MailRefusedError } from './mailer.ts';

/** How often mails are looked for, in milliseconds. */
const EVERY_MS = 500;
const AT_ONCE = 20;
/** Pauses before each further try, in seconds; the last one again and again: mails outlive a server that is away for days. */
const LADDER_SECONDS: readonly number[] = [1, 5, 15, 60, 300, 900, 3_600];

/**
 * Mails that are to be sent: written in the transaction of what makes them necessary, so that none is lost, and sent by one
 * instance. A mail goes out twice, with the same Message-ID, only when the sender dies between sending it and saying so.
 */
@Injectable()
export class MailOutbox implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #mailer: Mailer;
  #leadership: Leadership | undefined;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
    @Inject(SERVICE) private readonly service: ServiceDefinition,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CONFIG) config: Config,
  ) {
    this.#mailer = createMailer(config);
  }

  /** The same id twice is one mail. */
  async add({ id, ...mail }: Mail, tx: PoolClient): Promise<void> {
    await tx.query({
      name: 'add_mail',
      text: 'insert into mails (id, sealed) values ($1, $2) on conflict do nothing',
      values: [id, this.masterKey.seal('mail', JSON.stringify(mail), id)],
    });
  }

  onApplicationBootstrap(): void {
    this.#leadership = runAsLeader(
      this.database.pool,
      `keyledger:${this.service.name}:mails`,
      (signal) => this.#run(signal),
      (error) => this.logger.warn({ err: error }, 'mails could not be looked for'),
    );
  }

  async onModuleDestroy(): Promise<void> {
    await this.#leadership?.stop();
    this.#mailer.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = await this.#due();
      for (const row of due) if (!signal.aborted) await this.#send(row);
      if (due.length < AT_ONCE) await pause(EVERY_MS, signal);
    }
  }

  async #due(): Promise<DueMail[]> {
    const { rows } = await this.database.pool.query<DueMail>({
      name: 'due_mails',
      text: 'select id, sealed, attempts from mails where due_at <= now() order by due_at limit $1',
      values: [AT_ONCE],
    });
    return rows;
  }

  async #send({ id, sealed, attempts }: DueMail): Promise<void> {
    let where: string;
    try {
      where = await this.#mailer.send(this.#open(id, sealed));
    } catch (error) {
      return this.#failed(id, attempts, error);
    }
    await this.database.pool.query({ name: 'mail_sent', text: 'delete from mails where id = $1', values: [id] });
    this.logger.info({ mail: id, where }, 'a mail was sent');
  }

  #open(id: string, sealed: string): Mail {
    return { id, ...(JSON.parse(Buffer.from(this.masterKey.open('mail', sealed, id)).toString()) as Omit<Mail, 'id'>) };
  }

  /** What is refused for good stays in the table with the reason, and is not tried again. */
  async #failed(id: string, attempts: number, error: unknown): Promise<void> {
    const refused = error instanceof MailRefusedError;
    const seconds = LADDER_SECONDS[Math.min(attempts, LADDER_SECONDS.length - 1)] ?? 0;
    await this.database.pool.query({
      name: 'mail_failed',
      text: `update mails set attempts = attempts + 1, last_error = $2,
        due_at = case when $3::boolean then null else now() + make_interval(secs => $4::int) end where id = $1`,
      values: [id, error instanceof Error ? error.message : String(error), refused, seconds],
    });
    this.logger.warn({ mail: id, err: error }, refused ? 'a mail was refused' : 'a mail could not be sent yet');
  }
}

interface DueMail {
  readonly id: string;
  readonly sealed: string;
  readonly attempts: number;
}
