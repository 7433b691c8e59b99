import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export type ReceivedSpan = {
  readonly name: string;
  /** As OTLP has it: 2 server, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
};

type Attribute = { key: string; value: Record<string, unknown> };
type Batch = {
  resourceSpans: { scopeSpans: { scope: { name: string }; spans: Record<string, unknown>[] }[] }[];
};

/** Where a server sends its traces (OTLP, JSON over HTTP); keeps the spans of one scope. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  readonly #server: Server;

  private constructor(scope: string) {
    this.#server = createServer(async (request, response) => {
      const body = await text(request);
      response.end('{}');
      if (request.url !== '/v1/traces') return;
      const batch = JSON.parse(body) as Batch;
      for (const { scopeSpans } of batch.resourceSpans)
        for (const one of scopeSpans)
          if (one.scope.name === scope) this.spans.push(...one.spans.map(receivedSpan));
    });
  }

  static async start(scope: string): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver(scope);
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const receivedSpan = ({ attributes, ...span }: Record<string, unknown>): ReceivedSpan => ({
  ...(span as Omit<ReceivedSpan, 'attributes'>),
  attributes: Object.fromEntries(
    (attributes as Attribute[]).map(({ key, value }) => [key, String(Object.values(value)[0])]),
  ),
});
