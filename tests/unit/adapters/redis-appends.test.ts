import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { Appends } from '../../../src/adapters/redis/appends.ts';
import { userOfChannel } from '../../../src/adapters/redis/keys.ts';
import { EngineUnavailable } from '../../../src/core/ports/engine.ts';
import { freshKey, newEvent } from '../../support/engine-events.ts';

/** Which of so many keys of an event is its channel. */
const [CHANNEL, KEYS_OF_EVENT] = [3, 5];
const LIMITS = { replayWindowMs: 300_000, maxReplayMessages: 1_000 };

/** A link that a test plays: it keeps what is asked, and answers what it is told to. */
function setUp(answer: (calls: number, events: number) => Promise<unknown>) {
  const calls: string[][] = [];
  const ask = (_script: string, keyCount: number, ...words: string[]): Promise<unknown> => {
    const channels = words.slice(0, keyCount).filter((_, index) => index % KEYS_OF_EVENT === CHANNEL);
    calls.push(channels.map(userOfChannel));
    return answer(calls.length, channels.length);
  };
  const redis = { isCluster: false, evalshaBuffer: ask, evalBuffer: ask };
  return { appends: new Appends(redis as never, LIMITS, () => ['e-1', 10, 1_000, 1]), calls };
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

/** Has just forgotten its scripts; another instance loads them right behind the first call. Gives what it appended, in order. */
function forgetfulRedis() {
  const appended: string[] = [];
  let knowsScript = false;
  const append = async (_script: string, keyCount: number, ...words: string[]) => {
    const channels = words.slice(0, keyCount).filter((_, index) => index % KEYS_OF_EVENT === CHANNEL);
    appended.push(...channels.map(userOfChannel));
    return taken(0, channels.length);
  };
  const appendByName: typeof append = async (...call) => {
    if (knowsScript) return append(...call);
    knowsScript = true;
    throw new Error('NOSCRIPT No matching script.');
  };
  return { redis: { isCluster: false, evalBuffer: append, evalshaBuffer: appendByName }, appended };
}

test.each([10, 120])(
  'where Redis has forgotten the script, %i events of one turn stay in order',
  async (count) => {
    const { redis, appended } = forgetfulRedis();
    const appends = new Appends(redis as never, LIMITS, () => ['e-1', 10, 1_000, 1]);
    await Promise.all(users(count).map((user) => appends.append(newEvent(user), freshKey())));
    expect(appended).toEqual(users(count));
  },
);
