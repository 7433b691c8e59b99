import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { Appends } from '../../../src/adapters/redis/appends.ts';
import { userOfChannel } from '../../../src/adapters/redis/keys.ts';
import { EngineUnavailable } from '../../../src/core/ports/engine.ts';
import { freshKey, newEvent } from '../../support/engine-events.ts';

/** Which of so many keys of an event is its channel. */
const [CHANNEL, KEYS_OF_EVENT] = [3, 5];

/** A link that a test plays: it keeps what is asked, and answers what it is told to. */
function setUp(answer: (calls: number, events: number) => Promise<unknown>) {
  const calls: string[][] = [];
  const ask = (_script: string, keyCount: number, ...words: string[]): Promise<unknown> => {
    const channels = words.slice(0, keyCount).filter((_, index) => index % KEYS_OF_EVENT === CHANNEL);
    calls.push(channels.map(userOfChannel));
    return answer(calls.length, channels.length);
  };
  const redis = { isCluster: false, evalshaBuffer: ask, evalBuffer: ask };
  const limits = { replayWindowMs: 300_000, maxReplayMessages: 1_000 };
  return { appends: new Appends(redis as never, limits, () => ['e-1', 10, 1_000, 1]), calls };
}

const taken = async (_calls: number, events: number) =>
  Array.from({ length: events }, (_, index) => Buffer.from(`0 e-1 ${index + 1}`));

const users = (count: number): string[] => Array.from({ length: count }, (_, index) => `u-${index}`);
const filled = (user: string, size: number) => newEvent(user, { payload: { fill: 'x'.repeat(size) } });

test('what comes in one turn goes in the order it came, fifty a call', async () => {
  const { appends, calls } = setUp(taken);
  const all = users(120);
  await Promise.all(all.map((user) => appends.append(newEvent(user), freshKey())));
  expect(calls.map((call) => call.length)).toEqual([50, 50, 20]);
  expect(calls.flat()).toEqual(all);
});

test('large events go a few a call, and one that is larger than all may be, alone', async () => {
  const { appends, calls } = setUp(taken);
  const sizes = [60_000, 60_000, 60_000, 300_000, 10, 20];
  await Promise.all(sizes.map((size, index) => appends.append(filled(`u-${index}`, size), freshKey())));
  expect(calls).toEqual([['u-0', 'u-1'], ['u-2'], ['u-3'], ['u-4', 'u-5']]);
});

test('where a link is lost, all that was under way on it is refused, and what comes later goes on', async () => {
  const { appends } = setUp((calls, events) =>
    calls <= 2 ? Promise.reject(new Error('Connection is closed.')) : taken(calls, events),
  );
  const lost = await Promise.allSettled(users(60).map((user) => appends.append(newEvent(user), freshKey())));
  for (const outcome of lost) expect(outcome).toMatchObject({ reason: expect.any(EngineUnavailable) });
  expect(await appends.append(newEvent('u-1'), freshKey())).toMatchObject({ sequenceId: 1 });
});

test('where Redis has forgotten the script, calls that follow on one another stay in order', async () => {
  const { appends, calls } = setUp((count, events) =>
    count <= 2 ? Promise.reject(new Error('NOSCRIPT No matching script.')) : taken(count, events),
  );
  await Promise.all(users(60).map((user) => appends.append(newEvent(user), freshKey())));
  expect(calls.slice(2).flat()).toEqual(users(60));
});
