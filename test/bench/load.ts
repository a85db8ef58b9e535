import { connect, type Socket } from 'node:net';
import { type Measured, percentiles } from './measure.ts';

export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Sends the requests in turn over `connections` kept-alive connections for `seconds`, after a short warm-up. The generator
 * shares two cores with the measured server, so it does as little work as possible: requests are bytes made beforehand, and it
 * reads only the status and the length of an answer.
 * @throws when an answer is not 200: refusals are faster and would make the result look better than it is
 */
export const load = async (
  url: string,
  requests: readonly LoadRequest[],
  connections: number,
  seconds: number,
): Promise<Measured> => {
  const { hostname, port } = new URL(url);
  const prepared = requests.map((request) => bytesOf(request, `${hostname}:${port}`));
  const run = async (duration: number): Promise<Measured> => {
    const start = performance.now();
    const until = start + duration * 1000;
    const times = await Promise.all(
      // Each connection starts at a different position in the list, so that they do not all send the same request together.
      Array.from({ length: connections }, (_, n) =>
        drive(Number(port), hostname, prepared, Math.floor((prepared.length / connections) * n), until),
      ),
    );
    const all = times.flat();
    return { perSecond: all.length / ((performance.now() - start) / 1000), ...percentiles(all) };
  };
  await run(2);
  return run(seconds);
};

const bytesOf = ({ method, path, body, headers = {} }: LoadRequest, host: string): Buffer => {
  const text = body === undefined ? '' : JSON.stringify(body);
  const head = [
    `${method} ${path} HTTP/1.1`,
    `host: ${host}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${text}`);
};

/** One connection: sends the next request when the last answer is complete. @returns the latencies in milliseconds */
const drive = (
  port: number,
  host: string,
  requests: readonly Buffer[],
  from: number,
  until: number,
): Promise<number[]> =>
  new Promise((done, failed) => {
    const times: number[] = [];
    let n = from;
    let sent = 0;
    let missing = 0;
    const socket: Socket = connect(port, host, () => send());
    socket.setNoDelay(true);
    const send = (): void => {
      sent = performance.now();
      if (sent >= until) {
        socket.destroy();
        done(times);
        return;
      }
      socket.write(requests[n++ % requests.length] ?? '');
    };
    socket.on('error', failed);
    socket.on('data', (chunk) => {
      if (missing === 0) {
        const end = chunk.indexOf('\r\n\r\n');
        const length = lengthOf(chunk);
        if (!OK.equals(chunk.subarray(0, OK.length)) || end === -1 || Number.isNaN(length)) {
          failed(new Error(`not the answer that was expected: ${chunk.toString('latin1', 0, 300)}`));
          socket.destroy();
          return;
        }
        missing = end + 4 + length;
      }
      missing -= chunk.length;
      if (missing > 0) return;
      times.push(performance.now() - sent);
      missing = 0;
      send();
    });
  });

const OK = Buffer.from('HTTP/1.1 200');
const LENGTH = Buffer.from('ontent-length: ');

const lengthOf = (head: Buffer): number => {
  const at = head.indexOf(LENGTH);
  return at === -1 ? NaN : parseInt(head.toString('latin1', at + LENGTH.length, at + LENGTH.length + 8), 10);
};
