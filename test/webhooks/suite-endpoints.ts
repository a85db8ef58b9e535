import { type Sink, startSink } from './harness.ts';
import { type RawEndpoint, startRawEndpoint } from './raw-endpoint.ts';

export interface SuiteEndpoints {
  /** As `startSink`. */
  sink(...args: Parameters<typeof startSink>): Promise<Sink>;
  /** As `startRawEndpoint`. */
  raw(...args: Parameters<typeof startRawEndpoint>): Promise<RawEndpoint>;
  /** Closes all started endpoints. */
  close(): Promise<unknown>;
}

/** Starts endpoints for the tests of a suite, and closes them together. */
export const suiteEndpoints = (): SuiteEndpoints => {
  const closing: (() => unknown)[] = [];
  const kept = async <Endpoint extends { close(): unknown }>(starting: Promise<Endpoint>): Promise<Endpoint> => {
    const endpoint = await starting;
    closing.push(() => endpoint.close());
    return endpoint;
  };
  return {
    sink: (...args) => kept(startSink(...args)),
    raw: (...args) => kept(startRawEndpoint(...args)),
    close: () => Promise.all(closing.map((close) => close())),
  };
};
