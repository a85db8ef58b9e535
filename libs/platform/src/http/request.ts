import type { Principal } from '../auth/principal.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller's principal, set before any route runs (`installAuthentication`); undefined if no credential was sent. */
    principal: Principal | undefined;
    /** The caller's address as the gateway saw it. In a service behind the gateway it is not the address of the connection. */
    client_ip: string;
  }
}
