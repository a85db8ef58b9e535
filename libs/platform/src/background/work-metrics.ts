import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../clock/clock.ts';

const LABELS = ['service', 'work'] as const;
type Labels = Readonly<Record<(typeof LABELS)[number], string>>;

/** What `/metrics` shows of background work. */
export class WorkMetrics {
  readonly runs: Counter<'service' | 'work'>;
  readonly done: Counter<'service' | 'work'>;
  readonly failures: Counter<'service' | 'work'>;
  /** By the work that this process leads. */
  readonly #oldest = new Map<string, { readonly labels: Labels; readonly due_at: Date | undefined }>();

  constructor(registry: Registry, clock: Clock) {
    const labelNames = [...LABELS];
    const registers = [registry];
    const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers });
    this.runs = counter('keyledger_work_runs_total', 'Looks for what is due, by service and work.');
    this.done = counter('keyledger_work_done_total', 'Things that were due and have been done, by service and work.');
    this.failures = counter('keyledger_work_failures_total', 'Things that were due and failed, by service and work.');
    const oldest = this.#oldest;
    new Gauge({
      name: 'keyledger_work_lag_seconds',
      help: 'For how long the oldest thing has been due, by service and work; shown by the instance that leads.',
      labelNames,
      registers,
      collect() {
        this.reset();
        const now = clock.now().getTime();
        for (const { labels, due_at } of oldest.values())
          this.set(labels, due_at === undefined ? 0 : Math.max(0, now - due_at.getTime()) / 1_000);
      },
    });
  }

  /** A counter needs a zero to rise from. */
  leads(labels: Labels): void {
    for (const counter of [this.runs, this.done, this.failures]) counter.inc(labels, 0);
    this.oldestDue(labels, undefined);
  }

  leadsNoMore(labels: Labels): void {
    this.#oldest.delete(keyOf(labels));
  }

  /** @param due_at of the oldest thing that the last look found; undefined = nothing */
  oldestDue(labels: Labels, due_at: Date | undefined): void {
    this.#oldest.set(keyOf(labels), { labels, due_at });
  }
}

const keyOf = ({ service, work }: Labels): string => `${service} ${work}`;
