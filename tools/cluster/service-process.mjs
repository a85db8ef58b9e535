import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { logLines } from './log-lines.mjs';

/** Pauses before a service that ended is started again, in milliseconds: doubled each time, up to the longest. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** A service that ran this long, in milliseconds, is healthy: the next pause is the first one again. */
const WELL_MS = 30_000;
/** A service that ends this often before it is ready for the first time is given up. */
const TRIES = 4;
/** Longest time to become ready, in milliseconds. Only a service that hangs reaches it. */
const START_MS = 300_000;
/** Longest time to stop, in milliseconds, before the service is killed. */
const STOP_MS = 20_000;

/** Stops the service when the process of the cluster ends, also when that is killed. */
const WITH_ITS_PARENT = `data:text/javascript,process.once('disconnect',()=>process.kill(process.pid,'SIGTERM'))`;

/** kafkajs sets timers with negative delays; Node runs them after 1 ms, and warns each time. */
const QUIET = '--disable-warning=TimeoutNegativeWarning';

/** A service in a process of its own, which is started again when it ends. */
export class ServiceProcess {
  #child;
  #stopping = new AbortController();
  #wasReady = false;
  #failures = 0;
  #broken = Promise.withResolvers();
  #ended = Promise.resolve();

  /**
   * @param {object} options
   * @param {string} options.name
   * @param {string} options.main the program, a path; it is given the service's name
   * @param {string} options.url where it will listen
   * @param {Record<string, string | undefined>} options.env all of its environment
   * @param {string} options.log the file that its output is appended to
   * @param {(line: string) => boolean} [options.take] keeps a line out of the log by returning true
   * @param {(message: string) => void} options.tell shows a message to the operator
   * @param {() => void} options.changed called when the process starts or ends
   */
  constructor(options) {
    this.options = options;
    this.#broken.promise.catch(() => undefined);
  }

  get name() {
    return this.options.name;
  }

  get url() {
    return this.options.url;
  }

  /** Process id; undefined while no process runs. */
  get pid() {
    return this.#child?.pid;
  }

  start() {
    this.#ended = this.#live();
  }

  /** Waits until it answers /readyz. @throws with the end of its log when it does not come up */
  async ready() {
    const deadline = AbortSignal.timeout(START_MS);
    const either = AbortSignal.any([deadline, this.#stopping.signal]);
    await Promise.race([this.#broken.promise, this.#answers(either)]);
    this.#wasReady = true;
  }

  /** Sends SIGTERM, and SIGKILL if the service has not ended in time. */
  async stop() {
    this.#stopping.abort();
    this.#child?.kill('SIGTERM');
    const patience = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_MS);
    await this.#ended;
    clearTimeout(patience);
  }

  async #live() {
    let pause = FIRST_PAUSE_MS;
    for (;;) {
      const since = Date.now();
      const how = await this.#run();
      this.options.changed();
      const { signal } = this.#stopping;
      if (signal.aborted) return;
      if (!this.#wasReady && ++this.#failures === TRIES) {
        this.#broken.reject(new Error(`${this.name} does not start (${how}).\n${await this.#endOfLog()}`));
        return;
      }
      if (Date.now() - since > WELL_MS) pause = FIRST_PAUSE_MS;
      this.options.tell(`${this.name} ended (${how}); starting it again in ${pause} ms. See ${this.options.log}`);
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  /** Runs the service once. @returns its signal or exit code */
  #run() {
    const { name, main, env, log, take } = this.options;
    // In a process group of its own: Ctrl-C in the terminal reaches only the cluster, which stops services in order.
    const child = spawn(process.execPath, ['--enable-source-maps', QUIET, '--import', WITH_ITS_PARENT, main, name], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.options.changed();
    const file = createWriteStream(log, { flags: 'a', mode: 0o600 });
    for (const output of [child.stdout, child.stderr]) logLines(output, file, take);
    return new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) => {
        file.end(() => resolve(signal ?? `exit code ${code}`));
      });
    }).finally(() => {
      this.#child = undefined;
    });
  }

  async #answers(signal) {
    while (!signal.aborted) {
      try {
        const { ok } = await fetch(`${this.url}/readyz`, { signal });
        if (ok) return;
      } catch (error) {
        if (!signal.aborted && error.cause === undefined) throw error;
      }
      await sleep(50, undefined, { signal }).catch(() => undefined);
    }
    if (!this.#stopping.signal.aborted) {
      throw new Error(`${this.name} is not ready after ${START_MS / 1000} s.\n${await this.#endOfLog()}`);
    }
  }

  async #endOfLog() {
    const text = await readFile(this.options.log, 'utf8');
    return text.trimEnd().split('\n').slice(-20).join('\n');
  }
}
