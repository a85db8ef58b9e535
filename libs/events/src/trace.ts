import { inspect } from 'node:util';
import { ROOT_CONTEXT, type SpanContext, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { drawRandom } from '#ids';

/** A piece of work in a trace. `traceparent` is passed on to the work that it starts. */
export interface Span {
  /** W3C trace context, level 1: `00-<32 hex>-<16 hex>-<flags>`. */
  readonly traceparent: string;
  end(error?: unknown): void;
}

const KINDS = {
  server: SpanKind.SERVER,
  internal: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

let tracer: Tracer | undefined;

/**
 * Records spans with this tracer from now on; without a tracer, a trace is passed on unchanged, which costs almost nothing.
 */
export const recordSpansWith = (recorder: Tracer | undefined): void => {
  tracer = recorder;
};

/** Starts a span below `parent` (a traceparent), or a new trace when there is none or it is malformed. */
export const startSpan = (name: string, kind: keyof typeof KINDS, parent?: string): Span => {
  const known = parent !== undefined && TRACEPARENT.test(parent) ? parent : undefined;
  if (tracer === undefined) return { traceparent: known ?? `00-${randomHex(16)}-${randomHex(8)}-01`, end: nothing };
  const context = known === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, contextOf(known));
  const span = tracer.startSpan(name, { kind: KINDS[kind] }, context);
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    end: (error) => {
      if (error !== undefined) {
        span.recordException(error instanceof Error ? error : inspect(error));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
  };
};

const nothing = (): void => undefined;

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

const contextOf = (traceparent: string): SpanContext => {
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  return { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true };
};

const randomHex = (bytes: number): string => drawRandom(bytes).toString('hex');
