import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { MailSettings } from './mail.settings.ts';
import { BackgroundWork, type Due, type DueQuery } from '../background/background-work.ts';
import { wakeWork } from '../background/wake-work.ts';
import type { Config } from '../config/config.ts';
import type { MasterKey } from '../crypto/keys.ts';
import type { ServiceDatabase } from '../database/database.ts';
import { CONFIG, DATABASE, LOGGER, MASTER_KEY, SERVICE, type ServiceDefinition } from '../service.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Mail } from './mail.ts';
import { createMailer, type Mailer, MailRefusedError } from './mailer.ts';
import type { MailRow } from './outbox.table.ts';

/** Pauses before each retry, in seconds; the last one repeats, so that a mail is still sent after a server outage of days. */
const LADDER_SECONDS: readonly number[] = [1, 5, 15, 60, 300, 900, 3_600];

/**
 * Mails to be sent. A mail is written in the transaction of its cause, so that none is lost, and sent by one instance. It is
 * sent twice, with the same Message-ID, only if the sender dies between sending it and deleting its row.
 */
@Injectable()
export class MailOutbox extends BackgroundWork implements OnModuleDestroy {
  readonly name = 'mails';
  override readonly follows = 'real';
  override readonly everyMs = 500;
  override readonly atOnce = 20;
  override readonly parallel = false;
  readonly #mailer: Mailer;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
    @Inject(SERVICE) private readonly service: ServiceDefinition,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CONFIG) { data_dir }: Config,
    settings: MailSettings,
  ) {
    super();
    this.#mailer = createMailer(settings, data_dir);
  }

  /** Adds a mail; a mail with a known id is ignored. */
  async add({ id, ...mail }: Mail, tx: PoolClient): Promise<void> {
    await tx.query({
      name: 'add_mail',
      text: 'insert into mails (id, sealed) values ($1, $2) on conflict do nothing',
      values: [id, this.masterKey.seal('mail', JSON.stringify(mail), id)],
    });
    await wakeWork(tx, this.service.name, this.name);
  }

  onModuleDestroy(): void {
    this.#mailer.close();
  }

  async due({ except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'due_mails',
      text: 'select id, due_at from mails where due_at <= now() and id <> all($1) order by due_at limit $2',
      values: [except, limit],
    });
    return rows;
  }

  async attend(id: string): Promise<void> {
    const { rows } = await this.database.pool.query<Pick<MailRow, 'sealed' | 'attempts'>>({
      name: 'mail_to_send',
      text: 'select sealed, attempts from mails where id = $1',
      values: [id],
    });
    const [row] = rows;
    if (row === undefined) return;
    let where: string;
    try {
      where = await this.#mailer.send(this.#open(id, row.sealed));
    } catch (error) {
      return this.#failed(id, row.attempts, error);
    }
    await this.database.pool.query({ name: 'mail_sent', text: 'delete from mails where id = $1', values: [id] });
    this.logger.info({ mail: id, where }, 'a mail was sent');
  }

  #open(id: string, sealed: string): Mail {
    return { id, ...(JSON.parse(Buffer.from(this.masterKey.open('mail', sealed, id)).toString()) as Omit<Mail, 'id'>) };
  }

  /** A mail that the server refused permanently stays in the table with the reason, and is not retried. */
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
