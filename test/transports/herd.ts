import type { ChildProcess } from 'node:child_process';
import { startAndWaitFor, stop } from '../support/children.ts';
import type { WorkerOptions } from './worker.ts';

export type Role = WorkerOptions['role'];

const NODE = [
  '--experimental-transform-types',
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=TimeoutNegativeWarning',
  '--conditions=source',
  `${import.meta.dirname}/worker.ts`,
];

/** Worker processes. Random ones are killed repeatedly, and replaced. */
export class Herd {
  readonly #workers: { readonly role: Role; readonly child: ChildProcess }[] = [];
  /** How often a worker of each role was killed and replaced. */
  readonly killed = new Map<Role, number>();

  constructor(
    private readonly options: Omit<WorkerOptions, 'role'>,
    private readonly random: () => number,
  ) {}

  async add(role: Role): Promise<void> {
    const { child } = await startAndWaitFor([...NODE, JSON.stringify({ role, ...this.options })], /ready/);
    this.#workers.push({ role, child });
  }

  /** Kills one worker of that role (kill -9) and starts a replacement. @throws when it had already ended by itself */
  async replace(role: Role): Promise<void> {
    const candidates = this.#workers.filter((worker) => worker.role === role);
    const victim = candidates[Math.floor(this.random() * candidates.length)];
    if (victim === undefined) throw new Error(`there is no ${role} to kill`);
    this.#workers.splice(this.#workers.indexOf(victim), 1);
    await kill(victim.child);
    this.killed.set(role, (this.killed.get(role) ?? 0) + 1);
    await this.add(role);
  }

  /** Kills all workers of that role (kill -9) without replacement. */
  async end(role: Role): Promise<void> {
    const ended = this.#workers.filter((worker) => worker.role === role);
    for (const worker of ended) this.#workers.splice(this.#workers.indexOf(worker), 1);
    await Promise.all(ended.map(({ child }) => kill(child)));
  }

  async endAll(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map(({ child }) => stop(child, 'SIGKILL')));
  }
}

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) throw new Error(`a worker had ended by itself with ${child.exitCode}`);
  await stop(child, 'SIGKILL');
};

/** mulberry32: the same seed gives the same kills. */
export const randomFrom = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
