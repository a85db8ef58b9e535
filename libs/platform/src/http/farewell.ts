import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Milliseconds that requests and answers in flight get to end when the server stops. */
const GRACE_MS = 10_000;

/** Interval in milliseconds at which a closing server closes idle connections. */
const SWEEP_MS = 100;

/**
 * Makes a closing server wait for requests in flight only. Browsers and proxies open connections in advance and keep them after
 * an answer. Without this, a closing server waits for their next request without end, or for the rest of an unfinished one.
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
