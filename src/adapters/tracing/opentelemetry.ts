import type { Context, Span as OtelSpan, Tracer } from '@opentelemetry/api';
import { ProxyTracerProvider, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Span, SpanFields, Tracing } from '../../core/ports/tracing.ts';
import { parseTraceparent, traceparentText } from '../../protocol/traceparent.ts';

const KINDS = { publish: SpanKind.SERVER, append: SpanKind.PRODUCER, deliver: SpanKind.CONSUMER } as const;

/**
 * Tracing by OpenTelemetry, where its SDK was set up before this is called (`node --import ./otel.mjs`, `OTEL_DENO=true`);
 * null where it was not, so that nothing is done for traces that nobody gets.
 */
export function createTracing(): Tracing | null {
  const provider = trace.getTracerProvider();
  const actual = provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider;
  // A proxy that nobody gave anything has the one that does nothing.
  if (actual === new ProxyTracerProvider().getDelegate()) return null;
  const tracer = trace.getTracer('agentcast');
  return {
    begin: (name, parent, fields) => new TracedSpan(tracer, { name, parent, fields }),
  };
}

type Beginning = {
  readonly name: keyof typeof KINDS;
  readonly parent: Span | string | null;
  readonly fields: SpanFields;
};

class TracedSpan implements Span {
  readonly #span: OtelSpan;

  constructor(tracer: Tracer, { name, parent, fields }: Beginning) {
    const options = { kind: KINDS[name], attributes: attributesOf(fields) };
    this.#span = tracer.startSpan(`agentcast ${name}`, options, contextOf(parent));
  }

  get traceparent(): string {
    const { traceId, spanId, traceFlags: flags } = this.#span.spanContext();
    return traceparentText({ traceId, spanId, flags });
  }

  /** What spans within it are given as their parent. */
  get context(): Context {
    return trace.setSpan(ROOT_CONTEXT, this.#span);
  }

  set(fields: SpanFields): void {
    this.#span.setAttributes(attributesOf(fields));
  }

  end(fault?: string): void {
    if (fault !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: fault });
    this.#span.end();
  }
}

function contextOf(parent: Span | string | null): Context {
  if (parent instanceof TracedSpan) return parent.context;
  const remote = typeof parent === 'string' ? parseTraceparent(parent) : null;
  if (remote === null) return ROOT_CONTEXT;
  const { traceId, spanId, flags: traceFlags } = remote;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

const attributesOf = (fields: SpanFields) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [`agentcast.${name}`, value]));
