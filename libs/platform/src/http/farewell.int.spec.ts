import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { installFarewell } from './farewell.ts';

const GET = 'GET / HTTP/1.1\r\nhost: here\r\n';

describe('a server that closes', () => {
  let fastify: FastifyInstance;
  const sockets: Socket[] = [];

  const serve = async (answer: () => unknown, grace?: number): Promise<number> => {
    fastify = Fastify();
    installFarewell(fastify, grace);
    fastify.all('/', answer);
    await fastify.listen({ port: 0, host: '127.0.0.1' });
    return (fastify.server.address() as { port: number }).port;
  };

  const open = async (port: number): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  it('does not wait for connections that have sent nothing, or half of their first request', async () => {
    const port = await serve(() => 'here');
    const nothing = await open(port);
    const half = await open(port);
    half.write(GET);
    const ended = Promise.all([nothing, half].map((socket) => once(socket.resume(), 'close')));
    await fastify.close();
    await ended;
  });

  it('waits for an answer in flight', async () => {
    let reached = (): void => undefined;
    const asked = new Promise<void>((resolve) => (reached = resolve));
    let answer = (_: string): void => undefined;
    const port = await serve(() => {
      reached();
      return new Promise<string>((resolve) => (answer = resolve));
    });
    const socket = await open(port);
    socket.write(`${GET}\r\n`);
    await asked;
    const closed = fastify.close();
    await sleep(500);
    answer('in the end');
    const chunks = await socket.toArray();
    expect(chunks.join('')).toMatch(/^HTTP\/1.1 200 [^]*in the end$/);
    await closed;
  });

  it('waits for the rest of a request no longer than its grace period', async () => {
    const port = await serve(() => 'here', 200);
    const socket = await open(port);
    socket.write('POST / HTTP/1.1\r\nhost: here\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n\r\nhalf');
    await once(fastify.server, 'request');
    await fastify.close();
    await once(socket.resume(), 'close');
  });
});
