import { expect, test } from 'vitest';
import { ClientRig } from '../../support/client-rig.ts';

/** Gives token after token, and remembers what was wanted. */
function tokenSource() {
  const wanted: boolean[] = [];
  return { wanted, getToken: ({ fresh }: { fresh: boolean }) => `token-${wanted.push(fresh)}` };
}

/** A server that answers a plain GET so. */
const answering = (status: number, headers: Record<string, string> = {}) => {
  const asked: { url: string; authorization: string | null }[] = [];
  const fetch = async (url: string | URL | Request, init?: RequestInit) => {
    asked.push({ url: String(url), authorization: new Headers(init?.headers).get('authorization') });
    const problem = { type: 'urn:agentcast:problem:x', title: 'T', status, detail: 'the reason' };
    return new Response(JSON.stringify(problem), { status, headers });
  };
  return { asked, fetch: fetch as typeof globalThis.fetch };
};

test('every attempt asks for a token; after 4001 for a fresh one, at once', async () => {
  const { wanted, getToken } = tokenSource();
  const rig = new ClientRig({ getToken });
  (await rig.live()).over(4001, 'token_expired');
  await rig.clock.advance(0);
  expect(wanted).toEqual([false, true]);
  expect(rig.socket.protocols).toEqual(['bearer', 'token-2']);
  rig.socket.greetLive();
  rig.socket.over();
  await rig.clock.advance(10_000);
  expect(wanted).toEqual([false, true, false]);
});

test('4001 without getToken is the end', async () => {
  const rig = new ClientRig();
  (await rig.live()).over(4001, 'token_expired');
  expect(await rig.connection.ended).toMatchObject({ code: 'token_expired', closeCode: 4001 });
});

test('TOKEN_EXPIRING: gets the next token ahead, at a time of its own, and moves with it', async () => {
  const { wanted, getToken } = tokenSource();
  const rig = new ClientRig({ getToken });
  const socket = await rig.live();
  socket.say('TOKEN_EXPIRING', { expires_at: '', expires_in_ms: 60_000 });
  await rig.clock.advance(14_999);
  socket.say('PING');
  expect(wanted).toEqual([false]);
  await rig.clock.advance(1);
  expect([wanted, socket.closedWith]).toEqual([[false, true], 1000]);
  socket.over(1000);
  await rig.clock.advance(0);
  expect(rig.socket.protocols).toEqual(['bearer', 'token-2']);
  expect(wanted).toEqual([false, true]);
});

test('a token that cannot be had, or not in time, is waited for like a server', async () => {
  let fails = true;
  const rig = new ClientRig({
    connectTimeoutMs: 1_000,
    getToken: () => (fails ? Promise.reject(new Error('no session')) : 'token'),
  });
  await rig.clock.advance(0);
  expect(rig.states.at(-1)).toMatchObject({ state: 'waiting', why: 'no token: no session' });
  fails = false;
  await rig.clock.advance(250);
  expect(rig.socket.protocols).toEqual(['bearer', 'token']);

  const hanging = new ClientRig({ connectTimeoutMs: 1_000, getToken: () => new Promise(() => {}) });
  await hanging.clock.advance(1_000);
  expect(hanging.states.at(-1)).toMatchObject({ why: 'no token: getToken gave none within 1000 ms' });
});

test('a token that cannot be sent is the end, and is not repeated', async () => {
  const rig = new ClientRig({ token: 'secret, secret' });
  await rig.clock.advance(0);
  const error = await rig.connection.ended;
  expect(error).toMatchObject({ code: 'unusable' });
  expect(error?.message).not.toContain('secret');
});

test('the second refusal in a row is asked for its reason, by a plain GET without the token in its address', async () => {
  const { asked, fetch } = answering(403);
  const rig = new ClientRig({ fetch });
  (await rig.begin()).over();
  await rig.clock.advance(250);
  expect(asked).toEqual([]);
  rig.socket.over();
  const error = await rig.connection.ended;
  expect(asked).toEqual([{ url: 'https://example.com/ws/agents', authorization: 'Bearer to.ke.n' }]);
  expect(error).toMatchObject({
    code: 'refused',
    message: 'refused: 403 the reason',
    problem: { status: 403 },
  });
});

test('a refusal for now is waited out as long as it says', async () => {
  const rig = new ClientRig({ fetch: answering(429, { 'retry-after': '7' }).fetch });
  (await rig.begin()).over();
  await rig.clock.advance(250);
  rig.socket.over();
  await rig.clock.settle();
  expect(rig.states.at(-1)).toMatchObject({
    state: 'waiting',
    why: 'refused: 429 the reason',
    retryInMs: 7_500,
  });
});

test('401 gets a fresh token once; refused again, it is the end', async () => {
  const { wanted, getToken } = tokenSource();
  const rig = new ClientRig({ getToken, fetch: answering(401).fetch });
  await rig.begin();
  for (let failures = 0; failures < 10 && rig.connection.state !== 'closed'; failures++) {
    rig.socket.over();
    await rig.clock.advance(20_000);
  }
  expect(await rig.connection.ended).toMatchObject({ code: 'refused', problem: { status: 401 } });
  expect(wanted).toEqual([false, false, true, true]);
});
