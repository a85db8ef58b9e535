import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Webhooks } from './harness.ts';

const children = new Set<ChildProcess>();

/** Starts a sender in its own process, so that a test can kill it. */
export const startSender = ({ databaseUrl }: Webhooks): ChildProcess => {
  const child = spawn(
    process.execPath,
    [
      '--conditions=source',
      '--experimental-transform-types',
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, 'sender.worker.ts'),
      databaseUrl,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  children.add(child);
  return child;
};

/** Runs after each test: a sender left over from a failed test would keep the run from ending. */
export const killSenders = (): void => children.forEach((child) => child.kill('SIGKILL'));
