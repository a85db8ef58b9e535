/**
 * The limit of floating sessions: a bare node:http server that answers each POST after one INSERT, or after one DELETE of an
 * inserted row. `node floating-limit.ts DATABASE_URL` prints its port. The table `limit_sessions(id bigint primary key)` must
 * exist already.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.argv[2], max: 16 });
let sessions = 0;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { session_id } = JSON.parse(Buffer.concat(chunks).toString()) as { session_id?: string };
    const id = session_id ?? String(++sessions);
    const query =
      session_id === undefined
        ? { name: 'take', text: 'insert into limit_sessions values ($1)', values: [id] }
        : { name: 'give', text: 'delete from limit_sessions where id = $1', values: [id] };
    pool
      .query(query)
      .then(() => {
        const body = JSON.stringify({ session_id: id });
        const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
        response.writeHead(200, headers).end(body);
      })
      .catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
  });
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
