/** What is told of a part of a trace. */
export type SpanFields = Readonly<Record<string, string | number | boolean>>;

/** A part of a trace that is under way. */
export type Span = {
  /** What parts elsewhere name as the one that they belong to (W3C Trace Context). */
  readonly traceparent: string;
  set(fields: SpanFields): void;
  /** @param fault why it failed, where it did */
  end(fault?: string): void;
};

/** What an instance does, as parts of the traces of its workers. Where nobody wants traces there is none of this. */
export type Tracing = {
  /** @param parent the part that it belongs to, here or elsewhere (a valid `traceparent`); null begins a trace */
  begin(name: 'publish' | 'append' | 'deliver', parent: Span | string | null, fields: SpanFields): Span;
};
