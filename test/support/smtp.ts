import { SMTPServer } from 'smtp-server';

/** A mail as it arrived. */
export interface ReceivedMail {
  readonly to: readonly string[];
  readonly headers: string;
  /** The plain text, decoded. */
  readonly text: string;
  /** The HTML, decoded. */
  readonly html: string;
  readonly attachments: readonly { readonly contentType: string; readonly content: Buffer }[];
  /** The complete mail, as it was transmitted. */
  readonly raw: string;
}

export interface TestSmtp {
  readonly url: string;
  readonly received: readonly ReceivedMail[];
  /** The server's answer to the next mails: an SMTP code, or undefined to accept them. */
  answer: number | undefined;
  /** The server does not answer mails to this address until `release`. */
  hanging: string | undefined;
  /** Number of mails that hang now. */
  readonly held: number;
  /** Answers the mails that hang, and lets no more of them hang. */
  release(): void;
  close(): Promise<void>;
}

/** A real SMTP server on its own port that keeps the mails it receives. */
export const startSmtp = async (): Promise<TestSmtp> => {
  const received: ReceivedMail[] = [];
  const smtp = { answer: undefined as number | undefined, hanging: undefined as string | undefined };
  const held: (() => void)[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        if (smtp.answer !== undefined) {
          // Servers repeat the address.
          done(Object.assign(new Error(`not now: <${to.join('>, <')}>`), { responseCode: smtp.answer }));
          return;
        }
        const accept = (): void => {
          received.push({ to, ...parse(Buffer.concat(chunks).toString('latin1')) });
          done();
        };
        if (smtp.hanging !== undefined && to.includes(smtp.hanging)) held.push(accept);
        else accept();
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
    get hanging() {
      return smtp.hanging;
    },
    set hanging(address) {
      smtp.hanging = address;
    },
    get held() {
      return held.length;
    },
    release: () => {
      smtp.hanging = undefined;
      for (const accept of held.splice(0)) accept();
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
};

const parse = (raw: string): Omit<ReceivedMail, 'to'> => {
  const parts = partsOf(raw);
  const textOf = (type: string): string =>
    parts
      .find(({ contentType }) => contentType === type)
      ?.content.toString()
      .replaceAll('\r\n', '\n') ?? '';
  return {
    headers: headOf(raw),
    text: textOf('text/plain'),
    html: textOf('text/html'),
    attachments: parts.filter(({ attached }) => attached).map(({ contentType, content }) => ({ contentType, content })),
    raw,
  };
};

interface Part {
  readonly contentType: string;
  readonly attached: boolean;
  readonly content: Buffer;
}

const headOf = (raw: string): string => raw.slice(0, raw.indexOf('\r\n\r\n'));

/** The leaves of a MIME tree (RFC 2046), decoded. */
const partsOf = (raw: string): Part[] => {
  const head = headOf(raw).replace(/\r\n[ \t]+/g, ' ');
  const body = raw.slice(raw.indexOf('\r\n\r\n') + 4);
  const header = (name: string): string => new RegExp(`^${name}: *(.*)$`, 'im').exec(head)?.[1]?.trim() ?? '';
  const type = header('Content-Type');
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
  if (boundary !== undefined) {
    const inner = `\r\n${body}`.split(`\r\n--${boundary}`).slice(1, -1);
    return inner.flatMap((part) => partsOf(part.slice(2)));
  }
  return [
    {
      contentType: type.split(';')[0] ?? '',
      attached: header('Content-Disposition').startsWith('attachment'),
      content: decoded(body, header('Content-Transfer-Encoding')),
    },
  ];
};

const decoded = (body: string, encoding: string): Buffer => {
  if (encoding === 'base64') return Buffer.from(body, 'base64');
  if (encoding !== 'quoted-printable') return Buffer.from(body, 'latin1');
  const characters = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(characters, 'latin1');
};
