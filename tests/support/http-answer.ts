import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

/** An HTTP answer, its body parsed as JSON. */
export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
};

/** Asks without an upgrade, as curl would; `protocols` are the subprotocols that an upgrade would offer. */
export function plainGet(
  url: string,
  { headers = {}, protocols = [] }: { headers?: Record<string, string>; protocols?: string[] } = {},
): Promise<Answer> {
  const offered = protocols.length === 0 ? {} : { 'sec-websocket-protocol': protocols.join(', ') };
  return new Promise((resolve, reject) => {
    const asked = request(url.replace(/^ws/, 'http'), { headers: { ...headers, ...offered }, agent: false });
    asked.once('response', (response) => answerOf(response).then(resolve, reject));
    asked.once('error', reject);
    asked.end();
  });
}

/** Reads a response to its end. */
export async function answerOf(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString() || '{}');
  return { status: response.statusCode ?? 0, headers: response.headers, body: body as Answer['body'] };
}
