/** As much of autocannon's result as is reported. */
export interface FireResult {
  readonly '2xx': number;
  readonly non2xx: number;
  readonly errors: number;
  readonly duration: number;
  readonly latency: { readonly p50: number; readonly p99: number };
}
export function fire(options: object): Promise<FireResult>;
