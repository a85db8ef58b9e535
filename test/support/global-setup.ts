import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../apps/keyledger/src/postgres/embedded.ts';
import type { EmbeddedPostgres } from '../../apps/keyledger/src/postgres/embedded.ts';

declare global {
  var keyledgerTestPostgres: { postgres: EmbeddedPostgres; folder: string } | undefined;
}

/** The folder where test processes cache code compiled by V8: later processes start in three quarters of the time. */
const COMPILED = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'compiled');

/**
 * Starts the PostgreSQL of a test run, in which suites create their databases. It is fast because it need not survive a crash.
 */
export default async function setup(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-test-'));
  const quick = 'fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 400\n';
  const postgres = await startPostgres(join(folder, 'pg'), quick);
  globalThis.keyledgerTestPostgres = { postgres, folder };
  process.env['NODE_COMPILE_CACHE'] ??= COMPILED;
  process.env['KEYLEDGER_TEST_POSTGRES'] = postgres.url;
  process.env['KEYLEDGER_TEST_FOLDER'] = folder;
}
