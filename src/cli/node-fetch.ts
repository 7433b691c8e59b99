import { request as requestByHttp } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Fetch } from '../client/publisher/sending.ts';

/**
 * One request and its answer; rejects with why there was none. Not the global `fetch`, which on Node 20 waits for ever where a
 * server closes the connection before it has read anything, as a proxy without a server does: whoever waits at a terminal
 * is told at once.
 */
export const nodeFetch: Fetch = (url, { method, headers, body, signal }) => {
  const request = url.startsWith('https:') ? requestByHttps : requestByHttp;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, signal }, (response) => {
      const { statusCode: status = 0, headers } = response;
      const get = (name: string): string | null => headers[name]?.toString() ?? null;
      text(response)
        .then((text) => resolve({ status, headers: { get }, text: async () => text }))
        .catch(reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
};
