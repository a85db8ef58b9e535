import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Starts a program and waits for the first line of its output that matches. */
export const startAndWaitFor = async (
  args: readonly string[],
  line: RegExp,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ child: ChildProcess; match: RegExpExecArray; output: string[] }> => {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const output: string[] = [];
  const match = await new Promise<RegExpExecArray>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}:\n${output.join('\n')}`)));
    createInterface({ input: child.stdout }).on('line', (text) => {
      output.push(text);
      const found = line.exec(text);
      if (found) resolve(found);
    });
  });
  return { child, match, output };
};

/** Ends a program and waits until it has exited. */
export const stop = async (child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
};
