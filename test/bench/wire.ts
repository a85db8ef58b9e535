import { connect, type Socket } from 'node:net';

/**
 * One connection that POSTs JSON, one request after the other, with as little work as possible: the generator shares
 * two cores with the measured server.
 */
export class Wire {
  readonly #socket: Socket;
  readonly #head: string;
  #received = '';
  #waiting: { done: (body: Record<string, unknown>) => void; failed: (error: Error) => void } | undefined;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#head = ` HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: `;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#waiting?.failed(error));
  }

  static open(url: string): Promise<Wire> {
    const { hostname, port, host } = new URL(url);
    return new Promise((opened, failed) => {
      const socket: Socket = connect(Number(port), hostname, () => opened(new Wire(socket, host)));
      socket.once('error', failed);
    });
  }

  /** @throws when the answer is not 2xx: refusals are faster and would make the result look better than it is */
  post(path: string, body: object): Promise<Record<string, unknown>> {
    const text = JSON.stringify(body);
    return new Promise((done, failed) => {
      this.#waiting = { done, failed };
      this.#socket.write(`POST ${path}${this.#head}${Buffer.byteLength(text)}\r\n\r\n${text}`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Answers are ASCII here, so characters are bytes. */
  #read(chunk: Buffer): void {
    this.#received += chunk.toString('latin1');
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#received)?.[1]);
    const body = this.#received.slice(end + 4);
    if (body.length < length) return;
    const [waiting, head] = [this.#waiting, this.#received.slice(0, end)];
    this.#received = '';
    if (head.startsWith('HTTP/1.1 2')) waiting?.done(JSON.parse(body) as Record<string, unknown>);
    else waiting?.failed(new Error(`not the answer that was expected: ${head} ${body}`));
  }
}
