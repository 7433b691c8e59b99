import { describe, expect, test } from 'vitest';
import type { EventLine } from '../../../src/cli/publish/event-lines.ts';
import { Sender } from '../../../src/cli/publish/sender.ts';
import type { ClientClock } from '../../../src/client/clock.ts';
import type { ResponseLike } from '../../../src/client/socket.ts';

type Answer = { readonly status: number; readonly text: string; readonly retryAfter: string | null };

const answer = (status: number, body: unknown, retryAfter: string | null = null): Answer => ({
  status,
  text: typeof body === 'string' ? body : JSON.stringify(body),
  retryAfter,
});
const unavailable = answer(503, { type: 'urn:x', title: 'Engine unavailable' }, '2');
const taken = (...sequenceIds: number[]): Answer =>
  answer(202, { results: sequenceIds.map((sequence_id) => ({ sequence_id, epoch: 'e1' })) });
const refusal = (...paths: string[]): Answer =>
  answer(400, {
    type: 'urn:x',
    title: 'Invalid event',
    errors: paths.map((path) => ({ path, detail: 'is wrong' })),
  });

const lines = (...numbers: number[]): EventLine[] =>
  numbers.map((line) => ({ line, json: `{"n":${line}}`, bytes: 7, endsAt: line }));

/** Time that passes only by waiting, and not for attempts. */
function waitingClock(waits: number[], timeoutMs: number): ClientClock {
  let now = 0;
  return {
    now: () => now,
    after: (ms, run) => {
      if (ms === timeoutMs) return () => {};
      waits.push(ms);
      now += ms;
      queueMicrotask(run);
      return () => {};
    },
  };
}

/** What Node says where there is no connection. */
const unreachable = (message: string) => Object.assign(new Error(message), { syscall: 'connect' });

/** A sender whose server answers as told, one answer after the other; then nobody does. */
function rig(
  answers: Answer[],
  { giveUpAfterMs = 10_000, chance = 0.5, signal = new AbortController().signal } = {},
) {
  const requests: { id: string | undefined; body: string | undefined }[] = [];
  const waits: number[] = [];
  const heard: string[] = [];
  const sender = new Sender({
    id: 'run',
    sending: {
      address: 'http://h/batch',
      sign: async (id) => ({ 'webhook-id': id }),
      fetch: async (_, { headers, body }): Promise<ResponseLike> => {
        requests.push({ id: headers['webhook-id'], body });
        const next = answers.shift();
        if (next === undefined) throw unreachable('connect ECONNREFUSED');
        const { status, text, retryAfter } = next;
        return { status, headers: { get: () => retryAfter }, text: async () => text };
      },
      clock: waitingClock(waits, 15_000),
      random: () => chance,
      giveUpAfterMs,
      timeoutMs: 15_000,
      signal,
      retrying: (why) => heard.push(`again: ${why}`),
    },
    accepted: ({ line }, { sequence_id }) => heard.push(`${line} is #${sequence_id}`),
    refused: ({ line }, why) => heard.push(`${line}: ${why}`),
    givenUp: (count, mayBePublished) => heard.push(`${count} ${mayBePublished ? 'unknown' : 'not'}`),
  });
  return { sender, requests, waits, heard };
}

describe('a sender', () => {
  test('sends each batch as given, under an id of its own', async () => {
    const { sender, requests, heard } = rig([taken(7, 8), taken(9)]);
    await sender.send(lines(1, 2));
    await sender.send(lines(3));
    expect(requests.map(({ id, body }) => [id, body])).toEqual([
      ['run-1', '{"events":[{"n":1},{"n":2}]}'],
      ['run-2', '{"events":[{"n":3}]}'],
    ]);
    expect(heard).toEqual(['1 is #7', '2 is #8', '3 is #9']);
  });

  test('tries again under the same id and with the same body what may pass, and waits as long as it is told', async () => {
    const { sender, requests, waits, heard } = rig([answer(502, ''), unavailable, answer(429, ''), taken(7)]);
    await sender.send(lines(1));
    expect(new Set(requests.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
    expect(requests).toHaveLength(4);
    expect(waits).toEqual([100, 2_200, 400]);
    expect(heard).toEqual([
      'again: status 502',
      'again: 503 Engine unavailable',
      'again: status 429',
      '1 is #7',
    ]);
  });

  test('gives up after its time, names the lines, and is sure of what never reached a server', async () => {
    const { sender, heard } = rig([], { giveUpAfterMs: 1_000 });
    await expect(sender.send(lines(4, 5, 6))).rejects.toMatchObject({
      message:
        'lines 4 to 6: not published in 4 attempts within 0.7 s; the last: no answer: connect ECONNREFUSED; does the server run, is --url right?',
      from: { line: 4 },
      mayBePublished: false,
    });
    expect(heard.at(-1)).toBe('3 not');
  });

  test.each<[string, Answer[], number]>([
    ['a 503', [unavailable], 2],
    ['a part of a batch', [answer(503, { results: [{ sequence_id: 7, epoch: 'e1' }, null] })], 1],
  ])('after %s and silence it is not sure of the rest', async (_, answers, left) => {
    const { sender, heard } = rig(answers, { giveUpAfterMs: 0 });
    await expect(sender.send(lines(1, 2))).rejects.toMatchObject({
      message: expect.stringMatching(
        /: not known whether it was published, after 1 attempt within 0.0 s; the last: /,
      ),
      mayBePublished: true,
    });
    expect(heard.at(-1)).toBe(`${left} unknown`);
  });

  test('leaves out the events that the server refuses, and sends the others as another request', async () => {
    const { sender, requests, heard } = rig([
      refusal('events.0.user_id', 'events.2', 'events.0.payload.x'),
      refusal('events.1.agent_id'),
      taken(7),
    ]);
    await sender.send(lines(11, 12, 13, 14));
    expect(requests.map(({ id, body }) => [id, body])).toEqual([
      ['run-1', '{"events":[{"n":11},{"n":12},{"n":13},{"n":14}]}'],
      ['run-1-1', '{"events":[{"n":12},{"n":14}]}'],
      ['run-1-2', '{"events":[{"n":12}]}'],
    ]);
    expect(heard).toEqual([
      '11: user_id: is wrong; payload.x: is wrong',
      '13: is wrong',
      '14: agent_id: is wrong',
      '12 is #7',
    ]);
  });

  test('is told to stop while it waits', async () => {
    const stopping = new AbortController();
    const { sender, requests, heard } = rig([unavailable, unavailable], { signal: stopping.signal });
    const sending = sender.send(lines(1));
    stopping.abort(130);
    await expect(sending).rejects.toBe(130);
    expect(requests.length).toBeLessThan(2);
    expect(heard.at(-1)).toBe('1 unknown');
  });

  test('is done where all of a batch is refused', async () => {
    const { sender, requests } = rig([refusal('events.0')]);
    await sender.send(lines(1));
    expect(requests).toHaveLength(1);
  });

  test.each<[string, Answer, string]>([
    [
      'a signature that is not accepted',
      answer(401, { type: 'urn:x', title: 'Unauthorized' }),
      'are both clocks right?',
    ],
    ['an id that was used', answer(409, { type: 'urn:x', title: 'Conflict' }), 'refused: 409 Conflict'],
    ['a refusal of nothing in particular', answer(400, 'no JSON'), 'refused: status 400'],
    ['another kind of server', answer(404, ''), 'is it an agentcast server'],
    ['a 202 that says nothing', answer(202, '<html>'), 'without a result for each event'],
    ['a 202 of another batch', taken(1), 'line 2: got a 202 without a result for each event'],
  ])('stops at %s', async (_, refused, words) => {
    const { sender, requests } = rig([refused]);
    await expect(sender.send(lines(1, 2))).rejects.toThrow(words);
    expect(requests).toHaveLength(1);
  });
});
