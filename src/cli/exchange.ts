import { type RequestOptions, request as requestByHttp } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { text } from 'node:stream/consumers';

export type Exchange = Required<Pick<RequestOptions, 'method'>> & {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** How long the whole answer may take, in ms. */
  readonly timeoutMs: number;
};

export type Reply = {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
};

/**
 * One request and its answer; rejects with why there was none. Not by `fetch`, which on Node 20 waits for ever, and keeps no
 * process, where a server closes the connection before it has read anything, as a proxy without a server does.
 */
export function exchange(
  url: string,
  { method, headers, body, timeoutMs }: Exchange,
  stop: AbortSignal,
): Promise<Reply> {
  const request = url.startsWith('https:') ? requestByHttps : requestByHttp;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, signal: stop }, (response) => {
      const { statusCode: status = 0, headers } = response;
      text(response)
        .then((text) => resolve({ status, retryAfter: headers['retry-after'], text }))
        .catch(reject);
    });
    const timer = setTimeout(
      () => sent.destroy(new Error(`nothing within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    sent.on('close', () => clearTimeout(timer));
    sent.on('error', reject);
    sent.end(body);
  });
}
