import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** How long requests and answers that are under way at a stop may take to end, in milliseconds. */
const GRACE_MS = 10_000;

/** How often connections with nothing under way are looked for while the server closes, in milliseconds. */
const SWEEP_MS = 100;

/**
 * Lets a stop wait for what is under way, and for nothing else. Browsers and proxies open connections in advance and keep
 * those that had their answer; a server that closes would wait for their next request, and for the rest of one that never
 * comes, without end.
 */
export const installFarewell = (fastify: FastifyInstance, grace = GRACE_MS): void => {
  const server = fastify.server as Server;
  const silent = new Set<Socket>();
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }) => silent.delete(socket));
  fastify.addHook('preClose', (done) => {
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      for (const socket of silent) socket.destroy();
    }, SWEEP_MS);
    const end = setTimeout(() => server.closeAllConnections(), grace);
    server.once('close', () => {
      clearInterval(sweep);
      clearTimeout(end);
    });
    done();
  });
};
