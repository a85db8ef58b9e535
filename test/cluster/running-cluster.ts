import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/app.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface ClusterStatus {
  readonly url: string;
  /** `pid` is null when KAFKA_BROKERS names a broker that is not the cluster's own. */
  readonly kafka: { readonly brokers: string; readonly pid: number | null };
  readonly services: Readonly<Record<string, { readonly url: string; readonly pid: number | null }>>;
}

/** `node tools/cluster.mjs` on free ports. */
export class RunningCluster {
  #output = '';

  private constructor(
    readonly process: ChildProcess,
    readonly folder: string,
  ) {
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    }
  }

  /** @throws with the output of the cluster when it does not start */
  static async start(folder: string, env: Readonly<Record<string, string>> = {}): Promise<RunningCluster> {
    const child = spawn(process.execPath, ['tools/cluster.mjs'], {
      cwd: ROOT,
      env: { ...process.env, NODE_OPTIONS: '', PORT: '0', KEYLEDGER_DATA: folder, ...env },
      // In its own process group, as a shell starts a foreground job.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const cluster = new RunningCluster(child, folder);
    const ended = new Promise<void>((done) => child.once('close', () => done()));
    await Promise.race([cluster.until(() => cluster.#output.includes('Keyledger runs at ')), ended]);
    if (child.exitCode === null && child.signalCode === null) return cluster;
    throw new Error(`the cluster did not start:\n${cluster.#output}`);
  }

  get output(): string {
    return this.#output;
  }

  /** The first admin key, which is shown after the address. */
  async adminKey(): Promise<string> {
    const shown = (): string | undefined => /^Admin API key, shown this once: (\S+)$/m.exec(this.#output)?.[1];
    await this.until(() => shown() !== undefined);
    return shown() ?? '';
  }

  status(): ClusterStatus {
    return JSON.parse(readFileSync(join(this.folder, 'cluster.json'), 'utf8')) as ClusterStatus;
  }

  service(name: string): { readonly url: string; readonly pid: number | null } {
    const found = this.status().services[name];
    if (found === undefined) throw new Error(`the cluster runs no ${name}`);
    return found;
  }

  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    await eventually(condition).catch((error: unknown) => {
      throw new Error(this.#output, { cause: error });
    });
  }

  /** Ctrl-C: sends SIGINT to the whole foreground process group. */
  pressCtrlC(): void {
    process.kill(-(this.process.pid ?? 0), 'SIGINT');
  }

  /** @returns the exit code; null when a signal ended it */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.process.kill(signal);
    return this.ended();
  }

  /** Waits until the cluster has exited. @returns the exit code; null when a signal ended it */
  async ended(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      await new Promise((done) => this.process.once('exit', done));
    }
    return this.process.exitCode;
  }
}

/** Whether a process is running. */
export const lives = (pid: number | null): boolean => {
  if (pid === null) return false;
  try {
    process.kill(pid, 0);
    // A zombie process, whose parent has not waited for it yet, counts as dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    if (['ESRCH', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
};
