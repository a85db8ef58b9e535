import { randomBytes } from 'node:crypto';
import { Registry } from 'prom-client';
import { eventually } from '../../../../test/support/app.ts';
import { freshServiceDatabase, type TestServiceDatabase } from '../../../../test/support/service-database.ts';
import { startSmtp, type TestSmtp } from '../../../../test/support/smtp.ts';
import type { Leadership } from '#events/leader';
import { runWork } from '../background/run-work.ts';
import { WorkMetrics } from '../background/work-metrics.ts';
import { realClock } from '../clock/clock.ts';
import { createMasterKey } from '../crypto/master-key.ts';
import type { Config } from '../config/config.ts';
import type { ServiceDefinition } from '../service.ts';
import { createLogger } from '../telemetry/logger.ts';
import type { MailAttachments } from './attachments.ts';
import type { AttachmentReference } from './mail.ts';
import { ForgetSentMails } from './forget-sent-mails.ts';
import { MailOutbox } from './outbox.ts';
import { Mails1790000001000, SentMails1790400000000 } from './outbox.table.ts';
import { defineMail, paragraph } from './template.ts';

const content = { subject: 'Mail {{ nth }}', blocks: [paragraph('Mail {{ nth }}.')] };
const template = defineMail<{ readonly nth: number }>({
  name: 'test',
  description: 'A test.',
  sample: { nth: 1 },
  en: content,
  de: content,
});

describe('the outbox', () => {
  let database: TestServiceDatabase;
  let smtp: TestSmtp;
  let pdfs = 0;
  const attachments: MailAttachments = {
    pdf: async (id) => {
      if (++pdfs === 1) throw new Error('the renderer is starting');
      return { filename: `${id}.pdf`, content: Buffer.from(`%PDF ${id}`), contentType: 'application/pdf' };
    },
  };
  const running: { readonly outbox: MailOutbox; readonly leadership: Leadership }[] = [];
  const logger = createLogger({ log_level: 'silent' }, 'test');

  beforeAll(async () => {
    smtp = await startSmtp();
    database = await freshServiceDatabase('mailing', [Mails1790000001000, SentMails1790400000000]);
  });
  afterEach(async () => {
    smtp.release();
    for (const { outbox, leadership } of running.splice(0)) {
      await leadership.stop();
      outbox.onModuleDestroy();
    }
  });
  afterAll(async () => {
    await database.drop();
    await smtp.close();
  });

  const masterKey = createMasterKey(randomBytes(32));
  const outboxOf = (): MailOutbox =>
    new MailOutbox(
      database,
      masterKey,
      { name: 'mailing' } as ServiceDefinition,
      logger,
      { data_dir: '/nowhere' } as Config,
      { smtp_url: smtp.url, mail_from: 'licenses@example.com' },
      attachments,
    );
  const start = (): MailOutbox => {
    const outbox = outboxOf();
    const metrics = new WorkMetrics(new Registry(), realClock);
    const leadership = runWork(outbox, { pool: database.pool, service: 'mailing', clock: realClock, metrics, logger });
    running.push({ outbox, leadership });
    return outbox;
  };
  const write = (id: string, to: string, files: readonly AttachmentReference[] = []): Promise<void> =>
    outbox.write(template, { nth: 1 }, { id, to, attachments: files }, database.pool);
  const mailsTo = (address: string) => smtp.received.filter(({ to }) => to.includes(address));
  const waiting = async (): Promise<number> => (await database.pool.query('select from mails')).rowCount ?? 0;
  let outbox: MailOutbox;
  beforeEach(() => {
    outbox = start();
  });

  it('sends many mails beside one that hangs, each of them once', async () => {
    smtp.hanging = 'slow@example.com';
    await write('slow', 'slow@example.com');
    await eventually(() => smtp.held === 1);
    for (let n = 0; n < 40; n++) await write(`quick-${n}`, 'quick@example.com');
    await eventually(() => mailsTo('quick@example.com').length === 40);
    expect([smtp.held, mailsTo('slow@example.com').length]).toEqual([1, 0]);
    smtp.release();
    await eventually(async () => (await waiting()) === 0);
    expect([mailsTo('slow@example.com').length, mailsTo('quick@example.com').length]).toEqual([1, 40]);
  });

  it('sends several mails at the same time', async () => {
    smtp.hanging = 'many@example.com';
    for (let n = 0; n < 12; n++) await write(`many-${n}`, 'many@example.com');
    await eventually(() => smtp.held === 8);
    smtp.release();
    await eventually(() => mailsTo('many@example.com').length === 12);
    await eventually(async () => (await waiting()) === 0);
  });

  it('sends a mail once, although its event is handled again before and after it was sent', async () => {
    await Promise.all([write('event-1', 'once@example.com'), write('event-1', 'once@example.com')]);
    await eventually(async () => (await waiting()) === 0);
    await write('event-1', 'once@example.com');
    await write('event-2', 'last@example.com');
    await eventually(() => mailsTo('last@example.com').length === 1);
    expect([await waiting(), mailsTo('once@example.com').length]).toEqual([0, 1]);
  });

  it('forgets after a while which mails were sent, and mails no event that may be forgotten', async () => {
    const before = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();
    const mail = (id: string, caused_at: string): Promise<void> =>
      outbox.write(template, { nth: 1 }, { id, to: 'kept@example.com', caused_at }, database.pool);
    await database.pool.query(
      `insert into sent_mails (id, sent_at) values ('old', now() - interval '101 days'), ('kept', now() - interval '99 days')`,
    );
    const forgetting = new ForgetSentMails(database);
    const due = { limit: 10, now: realClock.now(), except: [] };
    expect(await forgetting.due(due)).toMatchObject([{ id: 'sent_mails' }]);
    expect(await forgetting.attend()).toBe(false);
    expect(await forgetting.due(due)).toEqual([]);
    await mail('old', before(101));
    await mail('kept', before(80));
    await mail('new', before(80));
    await eventually(async () => mailsTo('kept@example.com').length > 0 && (await waiting()) === 0);
    expect(mailsTo('kept@example.com')).toHaveLength(1);
  });

  it('leaves a mail to the sender that has claimed it, until its lease ends', async () => {
    smtp.hanging = 'claimed@example.com';
    await write('claimed', 'claimed@example.com');
    await eventually(() => smtp.held === 1);
    const other = outboxOf();
    expect(await other.due({ limit: 10, now: realClock.now(), except: [] })).toEqual([]);
    await other.attend('claimed');
    other.onModuleDestroy();
    smtp.release();
    await eventually(async () => (await waiting()) === 0);
    expect(mailsTo('claimed@example.com')).toHaveLength(1);
  });

  it('tries again when an attachment cannot be made yet, and then sends it', async () => {
    await write('invoice-1', 'pdf@example.com', [{ kind: 'pdf', id: 'inv_1' }]);
    const [mail] = await eventually(() => mailsTo('pdf@example.com').length > 0 && mailsTo('pdf@example.com'));
    expect(mail?.attachments).toEqual([{ contentType: 'application/pdf', content: Buffer.from('%PDF inv_1') }]);
    expect(mail?.raw).toContain('inv_1.pdf');
    expect(pdfs).toBe(2);
  });

  it('keeps a mail that was refused for good, with the reason, and goes on', async () => {
    smtp.answer = 550;
    await write('refused', 'refused@example.com');
    const row = await eventually(async () => {
      const { rows } = await database.pool.query<{ last_error: string | null; due_at: Date | null }>(
        "select last_error, due_at from mails where id = 'refused' and attempts = 1",
      );
      return rows[0];
    });
    expect(row).toMatchObject({ due_at: null, last_error: expect.stringContaining('550') });
    expect(row.last_error).toMatch(/not now/);
    expect(row.last_error).not.toContain('@');
    smtp.answer = undefined;
    await write('next', 'next@example.com');
    await eventually(() => mailsTo('next@example.com').length === 1);
  });
});
