/** The result of a run of one kind of call. Latencies in milliseconds. */
export interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** Runs `call` from `callers` concurrent loops for `seconds`, after a warm-up of a tenth of that time. */
export const measure = async (
  callers: number,
  seconds: number,
  call: (n: number) => Promise<unknown>,
): Promise<Measured> => {
  let n = 0;
  const loop = async (until: number, times: number[]): Promise<void> => {
    for (let before = performance.now(); before < until;) {
      await call(n++);
      const after = performance.now();
      times.push(after - before);
      before = after;
    }
  };
  const run = async (duration: number): Promise<Measured> => {
    const times: number[] = [];
    const start = performance.now();
    await Promise.all(Array.from({ length: callers }, () => loop(start + duration * 1000, times)));
    return { perSecond: times.length / ((performance.now() - start) / 1000), ...percentiles(times) };
  };
  await run(seconds / 10);
  return run(seconds);
};

/** Runs `call` `calls` times, once for each of 0 … calls−1, from `callers` concurrent loops. */
export const measureCalls = async (
  calls: number,
  callers: number,
  call: (n: number) => Promise<unknown>,
): Promise<Measured> => {
  const times: number[] = [];
  let n = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (let mine = n++; mine < calls; mine = n++) {
        const before = performance.now();
        await call(mine);
        times.push(performance.now() - before);
      }
    }),
  );
  return { perSecond: calls / ((performance.now() - start) / 1000), ...percentiles(times) };
};

export const percentiles = (times: number[]): { p50: number; p99: number } => {
  const sorted = Float64Array.from(times).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99) };
};
