import type { Pool } from 'pg';
import { Bell, ringingOnAbort } from '#events/bell';
import { hear } from '#events/hearing';
import { type Leadership, runAsLeader } from '#events/leader';
import { type Clock, realTime } from '../clock/clock.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { BackgroundWork, Due } from './background-work.ts';
import type { WorkMetrics } from './work-metrics.ts';
import { WorkProgress } from './work-progress.ts';
import { workChannel } from './wake-work.ts';

/** Keeps a note of how far work on business time has come, for the test clock. */
export interface Progress {
  /** Brings this process's clock up to date. @returns the number of the present request to catch up */
  begin(): Promise<number>;
  /** Nothing is due any more at the time of this request. */
  caughtUp(work: string, request: number): Promise<void>;
}

export interface WorkContext {
  readonly pool: Pool;
  /** Schema of the service. */
  readonly service: string;
  readonly clock: Clock;
  readonly metrics: WorkMetrics;
  readonly logger: Logger;
  readonly progress?: Progress | undefined;
}

/** Runs a service's work wherever this process leads it. */
export const runWork = (work: BackgroundWork, context: WorkContext): Leadership => {
  const { pool, service, metrics, logger } = context;
  const labels = { service, work: work.name };
  const bell = new Bell();
  const onError = (err: unknown): void => {
    metrics.failures.inc(labels);
    logger.warn({ err, ...labels }, 'background work failed, and will be tried again');
  };
  const deaf = hear(pool, {
    channels: [workChannel(service)],
    told: (payload) => {
      if (payload === work.name || payload === '') bell.ring();
    },
    missed: () => bell.ring(),
    onError,
  });
  const leadership = runAsLeader(
    pool,
    `keyledger:${service}:${work.name}`,
    (signal) => ringingOnAbort(bell, signal, () => new Loop(work, context, bell, signal).run()),
    onError,
  );
  return {
    stop: async () => {
      await leadership.stop();
      await deaf();
    },
  };
};

/** The work of one leader, for as long as it leads. */
class Loop {
  /** Ids that failed, with the real time of the failure. */
  readonly #failed = new Map<string, { readonly at: number; readonly due: Due }>();
  /** Ids that sliding work attends to now. */
  readonly #running = new Map<string, { readonly due: Due; readonly done: Promise<void> }>();
  /** The last request to catch up that was seen: a new one tries again at once what failed. */
  #request: number | undefined;
  readonly #labels: { readonly service: string; readonly work: string };
  readonly #shown: WorkProgress;

  constructor(
    private readonly work: BackgroundWork,
    private readonly context: WorkContext,
    private readonly bell: Bell,
    private readonly signal: AbortSignal,
  ) {
    this.#labels = { service: context.service, work: work.name };
    this.#shown = new WorkProgress(work, this.#labels, context.logger);
  }

  async run(): Promise<void> {
    const { work, bell, signal } = this;
    const { metrics } = this.context;
    metrics.leads(this.#labels);
    try {
      while (!signal.aborted) {
        const { found, more } = await this.#look();
        if (more) continue;
        const pause = found > 0 ? (work.busyMs ?? work.everyMs) : work.everyMs;
        await bell.wait(this.#failed.size > 0 ? Math.min(pause, work.retryMs) : pause);
      }
    } finally {
      await Promise.all([...this.#running.values()].map(({ done }) => done));
      metrics.leadsNoMore(this.#labels);
    }
  }

  /** One look, and what it found attended to. */
  async #look(): Promise<{ readonly found: number; readonly more: boolean }> {
    const { work, context, signal } = this;
    const { clock, metrics, progress } = context;
    const request = work.follows === 'business' ? await progress?.begin() : undefined;
    if (request !== this.#request) this.#failed.clear();
    this.#request = request;
    const now = clock.now();
    for (const [id, { at }] of this.#failed) if (at + work.retryMs <= realTime()) this.#failed.delete(id);
    const limit = work.atOnce - this.#running.size;
    // The bell rings when the first of those that run is done.
    if (limit <= 0) return { found: 0, more: false };
    const due = await work.due({ limit, now, except: [...this.#failed.keys(), ...this.#running.keys()] });
    metrics.runs.inc(this.#labels);
    this.#showOldest(due);
    await this.#shown.look(now, due.length + this.#running.size === 0);
    if (work.sliding) {
      for (const one of due) this.#start(one, now);
      const idle = this.#running.size === 0 && this.#failed.size === 0;
      if (request !== undefined && idle && !signal.aborted) await progress?.caughtUp(work.name, request);
      return { found: due.length, more: false };
    }
    const more = await this.#attendAll(due, now);
    const full = due.length >= work.atOnce;
    if (!full) this.#showOldest([]);
    if (request === undefined) return { found: due.length, more: full || more };
    // A request to catch up is answered by a look that finds nothing.
    if (due.length === 0 && this.#failed.size === 0 && !signal.aborted) await progress?.caughtUp(work.name, request);
    return { found: due.length, more: due.length > 0 };
  }

  /** Attends to an id without waiting for it. Its end rings the bell: another may be due. */
  #start(due: Due, now: Date): void {
    const { id } = due;
    const done = this.#attend(due, now).then(() => {
      this.#running.delete(id);
      this.bell.ring();
    });
    this.#running.set(id, { due, done });
  }

  async #attendAll(due: readonly Due[], now: Date): Promise<boolean> {
    if (this.work.parallel) {
      const answers = await Promise.all(due.map((one) => this.#attend(one, now)));
      return answers.includes(true);
    }
    let more = false;
    for (const one of due) {
      if (this.signal.aborted) break;
      more = (await this.#attend(one, now)) || more;
    }
    return more;
  }

  async #attend(due: Due, now: Date): Promise<boolean> {
    const { metrics, logger } = this.context;
    const { id } = due;
    try {
      const more = await this.work.attend(id, { now, signal: this.signal });
      metrics.done.inc(this.#labels);
      this.#shown.done();
      return more === true;
    } catch (err) {
      this.#failed.set(id, { at: realTime(), due });
      metrics.failures.inc(this.#labels);
      logger.warn({ err, ...this.#labels, id }, 'something due could not be done, and will be tried again');
      return false;
    }
  }

  /** What failed or is not done yet is still due. */
  #showOldest(due: readonly Due[]): void {
    const open = [...due, ...[...this.#failed.values(), ...this.#running.values()].map(({ due }) => due)];
    const times = open.flatMap(({ due_at }) => due_at ?? []).sort((a, b) => a.getTime() - b.getTime());
    this.context.metrics.oldestDue(this.#labels, times[0]);
  }
}
