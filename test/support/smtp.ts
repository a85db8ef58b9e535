import { SMTPServer } from 'smtp-server';

/** A mail as it arrived. */
export interface ReceivedMail {
  readonly to: readonly string[];
  readonly headers: string;
  /** The plain text, decoded. */
  readonly text: string;
  /** The complete mail, as it was transmitted. */
  readonly raw: string;
}

export interface TestSmtp {
  readonly url: string;
  readonly received: readonly ReceivedMail[];
  /** The server's answer to the next mails: an SMTP code, or undefined to accept them. */
  answer: number | undefined;
  close(): Promise<void>;
}

/** A real SMTP server on its own port that keeps the mails it receives. */
export const startSmtp = async (): Promise<TestSmtp> => {
  const received: ReceivedMail[] = [];
  const smtp = { answer: undefined as number | undefined };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (smtp.answer !== undefined) {
          done(Object.assign(new Error('not now'), { responseCode: smtp.answer }));
          return;
        }
        const to = session.envelope.rcptTo.map(({ address }) => address);
        received.push({ to, ...parse(Buffer.concat(chunks).toString('latin1')) });
        done();
      });
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    get answer() {
      return smtp.answer;
    },
    set answer(code) {
      smtp.answer = code;
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
};

const parse = (raw: string): Omit<ReceivedMail, 'to'> => {
  const end = raw.indexOf('\r\n\r\n');
  const [, plain = ''] = /Content-Type: text\/plain[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/.exec(raw) ?? [];
  const text = Buffer.from(
    plain
      .replace(/=\r\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString();
  return { headers: raw.slice(0, end), text, raw };
};
