import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** The metrics that `/metrics` shows for a process. */
export interface Metrics {
  readonly registry: Registry;
  readonly requests: Histogram<'operation' | 'status'>;
  readonly appended: Counter<'service'>;
  readonly flushes: Counter<'service'>;
  readonly conflicts: Counter<'service'>;
}

export const createMetrics = (): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    requests: new Histogram({
      name: 'keyledger_http_request_duration_seconds',
      help: 'Time from the head of a request to the end of its answer, by operation and status.',
      labelNames: ['operation', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    appended: new Counter({
      name: 'keyledger_events_appended_total',
      help: 'Events appended to the log.',
      labelNames: ['service'],
      registers,
    }),
    flushes: new Counter({
      name: 'keyledger_flushes_total',
      help: 'Transactions that appended events.',
      labelNames: ['service'],
      registers,
    }),
    conflicts: new Counter({
      name: 'keyledger_append_conflicts_total',
      help: 'Appends decided again because another process wrote to the stream first.',
      labelNames: ['service'],
      registers,
    }),
  };
};
