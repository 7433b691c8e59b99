import { describe, expect, test } from 'vitest';
import { createPublisher, type PublishedEvent, type PublisherOptions } from '../../../src/client/index.ts';
import { accepting, KEY, note, publisherTo, type Respond, untilTrue } from '../../support/publisher-rig.ts';

const outcomes = (settled: PromiseSettledResult<unknown>[]) =>
  settled.map((one) => (one.status === 'fulfilled' ? 'published' : one.reason.code));

describe('an answer that nobody understands', () => {
  const answer =
    (status: number, body: unknown): Respond =>
    () =>
      new Response(JSON.stringify(body), { status });
  const problem = { type: 'urn:x', title: 'T' };

  test.each<[string, Respond]>([
    ['202 with results that are none', answer(202, { results: [null, 'x'] })],
    ['202 with results without a place', answer(202, { results: [{}, { sequence_id: 'x', epoch: 'A' }] })],
    ['202 with null', answer(202, null)],
    ['200 with a page', () => new Response('<html>', { status: 200 })],
    ['400 whose faults are no list', answer(400, { ...problem, errors: 'all' })],
    ['400 whose faults are none', answer(400, { ...problem, errors: [null, { path: 7 }] })],
    ['409', answer(409, problem)],
  ])('%s: the events are refused, and the next ones go', async (_, respond) => {
    const { publisher, clock } = publisherTo((call, at) =>
      at === 1 ? respond(call, at) : accepting(call, at),
    );
    const first = Promise.allSettled([publisher.publish(note(1)), publisher.publish(note(2))]);
    await clock.advance(5);
    expect(outcomes(await first)).toEqual(['refused', 'refused']);
    const next = publisher.publish(note(3));
    await clock.advance(5);
    expect(await next).toEqual({ sequence_id: 3, epoch: 'A' });
  });

  test('503 with results of which one is none: that one is unavailable, the other accepted', async () => {
    const body = { ...problem, results: [{ sequence_id: 1, epoch: 'A' }, null] };
    const { publisher, clock, called } = publisherTo(answer(503, body), { giveUpAfterMs: 1 });
    const both = Promise.allSettled([publisher.publish(note(1)), publisher.publish(note(2))]);
    await clock.advance(5);
    await called(1);
    expect(outcomes(await both)).toEqual(['published', 'unavailable']);
  });
});

test('what has no JSON is refused by itself, and spoils nothing', async () => {
  const { publisher, clock, calls } = publisherTo(accepting);
  const good = publisher.publish(note(1));
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const wrong of [undefined, () => {}, Symbol('x'), { toJSON: () => undefined }, { n: 1n }, cycle])
    await expect(publisher.publish(wrong as unknown as PublishedEvent)).rejects.toThrow(TypeError);
  await clock.advance(5);
  await good;
  expect(calls.map(({ events }) => events.length)).toEqual([1]);
  await untilTrue(() => publisher.queued === 0);
});

test('what becomes of an event after it was published is nothing', async () => {
  const { publisher, clock, calls } = publisherTo(accepting);
  const event = { ...note(1), payload: { n: 1 } };
  const published = publisher.publish(event);
  event.payload.n = 2;
  await clock.advance(5);
  await published;
  expect(calls[0]?.events[0]?.payload).toEqual({ n: 1 });
});

test('a redirect is not followed: the signature is for nobody else', async () => {
  const redirects: unknown[] = [];
  const fetch = async (_: unknown, { redirect }: RequestInit = {}) => {
    redirects.push(redirect);
    return new Response(null, { status: 307, headers: { location: 'https://elsewhere.example' } });
  };
  const { publisher, clock } = publisherTo(accepting, { fetch: fetch as typeof globalThis.fetch });
  const published = publisher.publish(note(1)).catch((error: unknown) => error);
  await clock.advance(5);
  expect(await published).toMatchObject({ code: 'refused', status: 307 });
  expect(redirects).toEqual(['manual']);
});

test.each<[string, Partial<Record<keyof PublisherOptions, unknown>>, RegExp]>([
  ['no key', { key: undefined }, /key: wanted whsec_/],
  ['a key of nothing', { key: 'whsec_' }, /key: wanted whsec_/],
  ['a key of no bytes', { key: 'whsec_ ' }, /key: wanted whsec_/],
  ['a key that is no base64', { key: 'whsec_*' }, /key: wanted whsec_/],
  ['no service', { service: undefined }, /service: wanted/],
  ['a service that no header takes', { service: 'a\nb' }, /service: wanted/],
  ['a queue of no number', { maxQueued: Number.NaN }, /maxQueued: got NaN/],
  ['a wait of no number', { gatherMs: Number.NaN }, /gatherMs: got NaN/],
])('%s is refused at once, and not repeated', (_, wrong, message) => {
  const options = { url: 'https://example.com', service: 'workers', key: KEY, ...wrong } as PublisherOptions;
  expect(() => createPublisher(options)).toThrow(message);
});
