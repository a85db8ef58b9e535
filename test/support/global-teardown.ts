import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import './global-setup.ts';

export default async function teardown(): Promise<void> {
  const running = globalThis.keyledgerTestPostgres;
  if (running === undefined) return;
  stopSharedKafka(join(running.folder, 'kafka.json'));
  await running.postgres.stop();
  rmSync(running.folder, { recursive: true, force: true, maxRetries: 10 });
}

/** Its data is deleted anyway. */
const stopSharedKafka = (answer: string): void => {
  if (!existsSync(answer)) return;
  const { pid } = JSON.parse(readFileSync(answer, 'utf8')) as { pid?: number };
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
};
