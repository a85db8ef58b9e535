import { type IncomingMessage, request } from 'node:http';
import { eventually } from '../support/app.ts';

export interface Received {
  readonly id: string;
  readonly event: { id: string; type: string; subject: string; streamversion: number; data: Record<string, unknown> };
}

/** A reader of server-sent events, as the standard describes one. */
export class EventReader {
  readonly events: Received[] = [];
  lastId = '';
  ended = false;
  #rest = '';

  private constructor(
    readonly status: number,
    readonly headers: IncomingMessage['headers'],
    readonly response: IncomingMessage,
  ) {
    response.setEncoding('utf8');
    const end = (): void => {
      this.ended = true;
    };
    response.on('close', end).on('error', end);
  }

  /** Opens the stream; with `paused` it reads nothing until `read` is called. */
  static async open(url: string, headers: Record<string, string>, { paused = false } = {}): Promise<EventReader> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, { headers }, resolve).on('error', reject).end();
    });
    const reader = new EventReader(response.statusCode ?? 0, response.headers, response);
    if (!paused) reader.read();
    return reader;
  }

  read(): void {
    this.response.on('data', (text: string) => {
      const blocks = (this.#rest + text).split('\n\n');
      this.#rest = blocks.pop() ?? '';
      for (const block of blocks) this.#take(block);
    });
  }

  async until(count: number): Promise<Received[]> {
    await eventually(() => this.events.length >= count);
    return this.events;
  }

  close(): void {
    this.response.destroy();
  }

  #take(block: string): void {
    for (const line of block.split('\n')) {
      if (line.startsWith('id: ')) this.lastId = line.slice(4);
      if (line.startsWith('data: '))
        this.events.push({ id: this.lastId, event: JSON.parse(line.slice(6)) as Received['event'] });
    }
  }
}
