import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSmtp, type TestSmtp } from '../../../../test/support/smtp.ts';
import { readEmail } from './address.ts';
import { oneLine } from './mail.ts';
import { createMailer, MailRefusedError } from './mailer.ts';

const mail = {
  id: 'mail-1',
  to: 'ada@example.com',
  subject: 'Hello',
  text: 'One\n\nTwo',
  html: '<p>One</p><p>Two</p>',
};

describe('mails', () => {
  let smtp: TestSmtp;
  beforeAll(async () => {
    smtp = await startSmtp();
  });
  afterAll(() => smtp.close());

  const configured = (smtp_url: string | undefined, data_dir = '/nowhere') =>
    createMailer({ smtp_url, mail_from: 'licenses@example.com' }, data_dir);
  const lastHeaders = (): string => smtp.received.at(-1)?.headers ?? '';

  it('arrive as text and HTML, with a Message-ID that stays the same', async () => {
    const mailer = configured(smtp.url);
    await mailer.send(mail);
    await mailer.send(mail);
    mailer.close();
    expect(smtp.received).toHaveLength(2);
    for (const { headers, to, raw } of smtp.received) {
      expect(to).toEqual(['ada@example.com']);
      expect(headers).toMatch(/^Message-ID: <mail-1@example\.com>/m);
      expect(raw).toMatch(/text\/plain[\s\S]*text\/html/);
    }
  });

  it.each(['Hello\r\nBcc: eve@example.com', 'Hello\nBcc: eve@example.com', 'Hello\u2028Bcc: eve@example.com'])(
    'have no headers injected by their subject: %j',
    async (subject) => {
      const mailer = configured(smtp.url);
      await mailer.send({ ...mail, subject });
      mailer.close();
      expect(lastHeaders()).toMatch(/^Subject: Hello Bcc: eve@example\.com/m);
      expect(lastHeaders()).not.toMatch(/^Bcc:/im);
      expect(smtp.received.at(-1)?.to).toEqual(['ada@example.com']);
    },
  );

  it.each(['ada@example.com, eve@example.com', 'ada@example.com\r\nRCPT TO:<eve@example.com>'])(
    'go to one address only, even for a text like %j',
    async (to) => {
      const mailer = configured(smtp.url);
      const before = smtp.received.length;
      await mailer.send({ ...mail, to }).catch(() => undefined);
      mailer.close();
      expect(smtp.received.slice(before).flatMap((received) => received.to)).not.toContain('eve@example.com');
    },
  );

  it.each(['ada@bücher.example', 'ada@bu\u0308cher.example', 'ada@xn--bcher-kva.example'])(
    'go to the host of an internationalized domain: %s',
    async (address) => {
      const mailer = createMailer({ smtp_url: smtp.url, mail_from: 'licenses@bücher.example' }, '/nowhere');
      await mailer.send({ ...mail, to: readEmail(address) ?? '' });
      mailer.close();
      // The test server shows the address after RCPT TO in letters.
      expect(smtp.received.at(-1)?.to).toEqual(['ada@bücher.example']);
      expect(lastHeaders()).toMatch(/^To: ada@xn--bcher-kva\.example$/m);
      expect(lastHeaders()).toMatch(/^Message-ID: <mail-1@xn--bcher-kva\.example>/m);
    },
  );

  it('that a server refuses permanently differ from those it may accept later', async () => {
    const mailer = configured(smtp.url);
    smtp.answer = 451;
    await expect(mailer.send(mail)).rejects.not.toBeInstanceOf(MailRefusedError);
    smtp.answer = 550;
    await expect(mailer.send(mail)).rejects.toBeInstanceOf(MailRefusedError);
    smtp.answer = undefined;
    mailer.close();
  });

  it('are written to one file each without a server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keyledger-mailer-'));
    const mailer = configured(undefined, folder);
    const file = await mailer.send({ ...mail, id: '../mail/2' });
    expect(await mailer.send({ ...mail, id: '../mail/2' })).toBe(file);
    expect(file).toBe(join(folder, 'mail', '___mail_2.eml'));
    expect(await readFile(file, 'utf8')).toContain('To: ada@example.com');
    mailer.close();
    await rm(folder, { recursive: true });
  });

  it('carry their attachments, with names that inject no header', async () => {
    const mailer = configured(smtp.url);
    const content = Buffer.from([0x25, 0x50, 0x44, 0x46, 0, 255]);
    const filename = 'RE-2026-0001 für "Ada".pdf\r\nBcc: eve@example.com';
    await mailer.send({ ...mail, attachments: [{ filename, content, contentType: 'application/pdf' }] });
    mailer.close();
    const [received] = smtp.received.slice(-1);
    expect(received?.text.trim()).toBe('One\n\nTwo');
    expect(received?.html).toContain('<p>One</p>');
    expect(received?.attachments).toEqual([{ contentType: 'application/pdf', content }]);
    expect(received?.raw).not.toMatch(/^Bcc:/im);
  });

  it('have subjects of one line', () => {
    expect(oneLine('a\r\nb\u0000c', 4)).toBe('a b ');
  });
});
