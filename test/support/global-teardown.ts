import { rmSync } from 'node:fs';
import './global-setup.ts';

export default async function teardown(): Promise<void> {
  const running = globalThis.keyledgerTestPostgres;
  if (running === undefined) return;
  await running.postgres.stop();
  rmSync(running.folder, { recursive: true, force: true });
}
