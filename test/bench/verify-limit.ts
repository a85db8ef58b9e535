/**
 * The limit of verification: a bare node:http server that answers each POST after one prepared SELECT by key hash.
 * `node verify-limit.ts DATABASE_URL` prints its port.
 * The table `limit_licenses(key_hash text primary key, data jsonb)` must exist.
 */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.argv[2], max: 16 });
const secret = 'limit';

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { license_key } = JSON.parse(Buffer.concat(chunks).toString()) as { license_key: string };
    const hash = createHmac('sha256', secret).update(license_key).digest('base64url');
    pool
      .query({ name: 'by_hash', text: 'select data from limit_licenses where key_hash = $1', values: [hash] })
      .then(({ rows }) => {
        const body = JSON.stringify({ valid: rows.length === 1, license: rows[0] as unknown });
        const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
        response.writeHead(rows.length === 1 ? 200 : 404, headers).end(body);
      })
      .catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
  });
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
