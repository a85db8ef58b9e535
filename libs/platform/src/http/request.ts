import type { Principal } from '../auth/principal.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, found out before any route runs (`installAuthentication`); undefined when no credential was sent. */
    principal: Principal | undefined;
    /** The caller's address as the public door saw it. Behind the gateway it is not the address of the connection. */
    client_ip: string;
  }
}
