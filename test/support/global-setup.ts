import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../apps/keyledger/src/postgres/embedded.ts';
import type { EmbeddedPostgres } from '../../apps/keyledger/src/postgres/embedded.ts';

declare global {
  var keyledgerTestPostgres: { postgres: EmbeddedPostgres; folder: string } | undefined;
}

/** One PostgreSQL a test run, fast because it need not survive a crash. Suites make databases of their own in it. */
export default async function setup(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'keyledger-test-'));
  const quick = 'fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 400\n';
  const postgres = await startPostgres(join(folder, 'pg'), quick);
  globalThis.keyledgerTestPostgres = { postgres, folder };
  process.env['KEYLEDGER_TEST_POSTGRES'] = postgres.url;
  process.env['KEYLEDGER_TEST_FOLDER'] = folder;
}
