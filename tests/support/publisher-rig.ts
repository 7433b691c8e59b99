import { expect, vi } from 'vitest';
import { createPublisher, type PublishedEvent, type PublisherOptions } from '../../src/client/index.ts';
import { ManualClock } from './manual-clock.ts';

export const KEY = `whsec_${Buffer.alloc(24, 'agentcast').toString('base64')}`;

/** One request, as it came. */
export type Call = {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
  readonly events: PublishedEvent[];
  readonly signal?: AbortSignal | null | undefined;
};
export type Respond = (call: Call, at: number) => Response | Promise<Response>;

export const note = (n: number, fields: Partial<PublishedEvent> = {}): PublishedEvent => ({
  event_type: 'NOTE',
  user_id: 'u-1',
  agent_id: 'a-1',
  payload: { n },
  ...fields,
});

export const numberOf = ({ payload }: PublishedEvent) => (payload as { n: number }).n;
export const accepting: Respond = ({ events }) =>
  Response.json(
    { results: events.map((event) => ({ sequence_id: numberOf(event), epoch: 'A' })) },
    { status: 202 },
  );
export const problem = (status: number, more: object = {}, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ type: 'urn:x', title: 'T', status, detail: 'why', ...more }), {
    status,
    headers,
  });

/** A publisher to a server that the test plays. */
export function publisherTo(respond: Respond, options: Partial<PublisherOptions> = {}) {
  const clock = new ManualClock();
  const calls: Call[] = [];
  const fetch = async (url: unknown, init: RequestInit = {}) => {
    const body = String(init.body);
    const call = {
      url: String(url),
      headers: new Headers(init.headers),
      body,
      events: JSON.parse(body).events,
      signal: init.signal,
    };
    return respond(call, calls.push(call));
  };
  const publisher = createPublisher({
    url: 'https://example.com',
    service: 'workers',
    key: KEY,
    fetch: fetch as typeof globalThis.fetch,
    clock,
    random: () => 0.5,
    ...options,
  });
  return { publisher, calls, clock, called: (times: number) => untilTrue(() => calls.length >= times) };
}

export const untilTrue = (holds: () => boolean) =>
  vi.waitFor(() => expect(holds()).toBe(true), { interval: 1 });
export const idOf = ({ headers }: Call) => headers.get('webhook-id');
