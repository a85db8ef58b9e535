import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Webhooks } from './harness.ts';

const children = new Set<ChildProcess>();

/** Starts a sender in a process of its own, to be killed. */
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

/** After each test: a sender that a failed one leaves behind would keep the run from ending. */
export const killSenders = (): void => children.forEach((child) => child.kill('SIGKILL'));
