import { describe, expect, test } from 'vitest';
import type { EventLine } from '../../../src/cli/publish/event-lines.ts';
import { Sender, Undecided } from '../../../src/cli/publish/sender.ts';
import type { Answer, RequestToSign } from '../../../src/cli/signed-request.ts';

const answer = (status: number, body: unknown, retryAfterMs = 0): Answer => ({
  kind: 'answer',
  status,
  text: typeof body === 'string' ? body : JSON.stringify(body),
  retryAfterMs,
});
const silence: Answer = { kind: 'silence', reason: 'connect ECONNREFUSED' };
const unavailable = answer(
  503,
  { title: 'Engine unavailable', detail: 'send the same webhook-id again' },
  2_000,
);
const taken = (...sequenceIds: number[]): Answer =>
  answer(202, { results: sequenceIds.map((sequence_id) => ({ sequence_id, epoch: 'e1' })) });
const refusal = (...paths: string[]): Answer =>
  answer(400, { title: 'Invalid event', errors: paths.map((path) => ({ path, detail: 'is wrong' })) });

const lines = (...numbers: number[]): EventLine[] =>
  numbers.map((line) => ({ line, json: `{"n":${line}}`, bytes: 7, endsAt: line }));

/** A sender whose server answers as told, one answer after the other, and whose time passes only by waiting. */
function rig(answers: Answer[], { retryForMs = 10_000, chance = 0.5 } = {}) {
  const requests: RequestToSign[] = [];
  const waits: number[] = [];
  const heard: string[] = [];
  let now = 0;
  const sender = new Sender({
    id: 'run',
    retryForMs,
    request: async (request) => {
      requests.push(request);
      return answers.shift() ?? silence;
    },
    wait: async (ms) => {
      waits.push(ms);
      now += ms;
    },
    chance: () => chance,
    now: () => now,
    accepted: ({ line }, { sequence_id }) => heard.push(`${line} is #${sequence_id}`),
    refused: ({ line }, why) => heard.push(`${line}: ${why}`),
    retrying: (why) => heard.push(`again: ${why}`),
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
    const { sender, requests, waits } = rig([silence, unavailable, answer(429, ''), taken(7)]);
    await sender.send(lines(1));
    expect(new Set(requests.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
    expect(requests).toHaveLength(4);
    expect(waits).toEqual([125, 2_000, 500]);
  });

  test('waits for any part of a time that doubles up to 10 s', async () => {
    const { sender, waits } = rig(Array(9).fill(silence), { chance: 0.999, retryForMs: 40_000 });
    await expect(sender.send(lines(1))).rejects.toThrow(Undecided);
    expect(waits.map(Math.round)).toEqual([250, 500, 999, 1_998, 3_996, 7_992, 9_990, 9_990]);
  });

  test('gives up after its time, and names the lines', async () => {
    const { sender, requests } = rig([], { retryForMs: 0 });
    await expect(sender.send(lines(4, 5, 6))).rejects.toThrow(
      new Undecided('lines 4 to 6: no answer: connect ECONNREFUSED'),
    );
    expect(requests).toHaveLength(1);
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

  test('is done where all of a batch is refused', async () => {
    const { sender, requests } = rig([refusal('events.0')]);
    await sender.send(lines(1));
    expect(requests).toHaveLength(1);
  });

  test.each<[string, Answer, string]>([
    ['a signature that is not accepted', answer(401, { title: 'Unauthorized' }), 'are both clocks right?'],
    ['an id that was used', answer(409, { title: 'Idempotency conflict' }), '409 Idempotency conflict'],
    ['a refusal of nothing in particular', answer(400, 'no JSON'), '400 no JSON'],
    ['another kind of server', answer(404, ''), 'is it an agentcast server'],
    ['a 202 that says nothing', answer(202, '<html>'), 'without a result for each event'],
    ['a 202 of another batch', taken(1), 'without a result for each event'],
  ])('stops at %s', async (_, refused, words) => {
    const { sender, requests } = rig([refused]);
    await expect(sender.send(lines(1, 2))).rejects.toThrow(words);
    expect(requests).toHaveLength(1);
  });
});
