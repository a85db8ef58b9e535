import { Inject, Injectable, type OnModuleDestroy, Optional } from '@nestjs/common';
import type { ClientBase, Pool } from 'pg';
import { BackgroundWork, type Due, type DueQuery } from '../background/background-work.ts';
import { wakeWork } from '../background/wake-work.ts';
import type { Config } from '../config/config.ts';
import type { MasterKey } from '../crypto/keys.ts';
import type { ServiceDatabase } from '../database/database.ts';
import { CONFIG, DATABASE, LOGGER, MASTER_KEY, SERVICE, type ServiceDefinition } from '../service.ts';
import type { Logger } from '../telemetry/logger.ts';
import { redactText } from '../telemetry/redact.ts';
import { MAIL_ATTACHMENTS, type MailAttachments } from './attachments.ts';
import type { Attachment, Mail } from './mail.ts';
import { MailSettings } from './mail.settings.ts';
import { createMailer, type Mailer, MAILS_AT_ONCE, MailRefusedError } from './mailer.ts';
import { MAILED_DAYS, type MailRow } from './outbox.table.ts';
import { renderMail, type RenderOptions } from './render-mail.ts';
import type { MailTemplate, MailValues } from './template.ts';

/** Pauses before each retry, in seconds; the last one repeats, so that a mail is still sent after a server outage of days. */
const LADDER_SECONDS: readonly number[] = [1, 5, 15, 60, 300, 900, 3_600];
/**
 * How long a mail belongs to its sender, which extends this while it sends. After a crash the mail is sent again when the lease
 * has ended.
 */
const LEASE_SECONDS = 6;
const RENEW_MS = 2_000;

/** The address of a mail, and what is attached to it. */
export type Addressed = RenderOptions & Pick<Mail, 'id' | 'to' | 'attachments' | 'caused_at'>;

/** A mail from a template, for `MailOutbox.add`. */
export const mailOf = <Values extends MailValues<Values>>(
  template: MailTemplate<Values>,
  values: Values,
  { id, to, attachments = [], caused_at, ...options }: Addressed,
): Mail => ({
  id,
  to,
  attachments,
  ...(caused_at === undefined ? {} : { caused_at }),
  ...renderMail(template, values, options),
});

/**
 * Mails to be sent. A mail is written in the transaction of its cause, so that none is lost. One instance sends them, several at
 * a time: a server or a recipient that answers slowly holds up its own mail only. A mail is sent twice, with the same
 * Message-ID, only if the sender dies between sending it and deleting its row.
 */
@Injectable()
export class MailOutbox extends BackgroundWork implements OnModuleDestroy {
  readonly name = 'mails';
  override readonly follows = 'real';
  override readonly everyMs = 500;
  override readonly atOnce = MAILS_AT_ONCE;
  override readonly sliding = true;
  readonly #mailer: Mailer;
  readonly #attachments: MailAttachments;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
    @Inject(SERVICE) private readonly service: ServiceDefinition,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CONFIG) { data_dir }: Config,
    settings: MailSettings,
    @Optional() @Inject(MAIL_ATTACHMENTS) attachments: MailAttachments | null,
  ) {
    super();
    this.#mailer = createMailer(settings, data_dir);
    this.#attachments = attachments ?? {};
  }

  /** Writes a mail from a template, as `add` does. */
  async write<Values extends MailValues<Values>>(
    template: MailTemplate<Values>,
    values: Values,
    addressed: Addressed,
    tx: ClientBase | Pool,
  ): Promise<void> {
    await this.add([mailOf(template, values, addressed)], tx);
  }

  /** Writes mails. A mail whose id is known, because it waits or was sent, is ignored, and one about an event that is too old. */
  async add(mails: readonly Mail[], tx: ClientBase | Pool): Promise<void> {
    if (mails.length === 0) return;
    const ids = mails.map(({ id }) => id);
    const sealed = mails.map(({ id, caused_at: _at, ...mail }) =>
      this.masterKey.seal('mail', JSON.stringify(mail), id),
    );
    await tx.query({
      name: 'add_mails',
      text: `insert into mails (id, sealed) select m.id, m.sealed from unnest($1::text[], $2::text[], $3::text[]) m (id, sealed, caused_at)
        where not exists (select from sent_mails s where s.id = m.id)
          and coalesce(m.caused_at::timestamptz > now() - make_interval(days => $4), true) on conflict do nothing`,
      values: [ids, sealed, mails.map(({ caused_at = null }) => caused_at), MAILED_DAYS],
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
    const row = await this.#claim(id);
    if (row === undefined) return;
    const renewing = setInterval(() => void this.#renew(id), RENEW_MS);
    let where: string;
    try {
      where = await this.#send(id, row.sealed);
    } catch (error) {
      return await this.#failed(id, row.attempts, error);
    } finally {
      clearInterval(renewing);
    }
    await this.database.pool.query({
      name: 'mail_sent',
      text: `with sent as (delete from mails where id = $1 returning id)
        insert into sent_mails (id) select id from sent on conflict do nothing`,
      values: [id],
    });
    this.logger.info({ mail: id, where }, 'a mail was sent');
  }

  /** Takes the mail for this sender. A sender that no longer leads may still be sending it: then nothing is claimed. */
  async #claim(id: string): Promise<Pick<MailRow, 'sealed' | 'attempts'> | undefined> {
    const { rows } = await this.database.pool.query<Pick<MailRow, 'sealed' | 'attempts'>>({
      name: 'claim_mail',
      text: `update mails set due_at = now() + make_interval(secs => $2::int) where id = $1 and due_at <= now()
        returning sealed, attempts`,
      values: [id, LEASE_SECONDS],
    });
    return rows[0];
  }

  async #renew(id: string): Promise<void> {
    await this.database.pool
      .query({
        name: 'renew_mail',
        text: 'update mails set due_at = now() + make_interval(secs => $2::int) where id = $1 and due_at is not null',
        values: [id, LEASE_SECONDS],
      })
      .catch((err: unknown) => this.logger.warn({ mail: id, err }, 'the claim of a mail could not be extended'));
  }

  async #send(id: string, sealed: string): Promise<string> {
    const opened = Buffer.from(this.masterKey.open('mail', sealed, id)).toString();
    const { attachments = [], ...mail } = JSON.parse(opened) as Omit<Mail, 'id'>;
    const files = await Promise.all(attachments.map(({ kind, id: of }) => this.#attachment(kind, of)));
    return this.#mailer.send({ id, ...mail, attachments: files });
  }

  async #attachment(kind: string, id: string): Promise<Attachment> {
    const provider = this.#attachments[kind];
    if (provider === undefined) throw new Error(`No provider makes attachments of kind "${kind}".`);
    return provider(id);
  }

  /** A mail that the server refused permanently stays in the table with the reason, and is not retried. */
  async #failed(id: string, attempts: number, error: unknown): Promise<void> {
    const refused = error instanceof MailRefusedError;
    const seconds = LADDER_SECONDS[Math.min(attempts, LADDER_SECONDS.length - 1)] ?? 0;
    await this.database.pool.query({
      name: 'mail_failed',
      text: `update mails set attempts = attempts + 1, last_error = $2,
        due_at = case when $3::boolean then null else now() + make_interval(secs => $4::int) end where id = $1`,
      // Servers repeat the address in their answers.
      values: [id, redactText(error instanceof Error ? error.message : String(error)), refused, seconds],
    });
    this.logger.warn({ mail: id, err: error }, refused ? 'a mail was refused' : 'a mail could not be sent yet');
  }
}
