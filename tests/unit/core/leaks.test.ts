import { expect, it } from 'vitest';
import { FakeSocket } from '../../support/fake-socket.ts';
import { aloneInstance, type TestInstance } from '../../support/test-instance.ts';

const MOST_CONNECTIONS = 5;
/** Longer than anything waits that is written in batches. */
const SOON = 5_000;

type Visit = (instance: TestInstance) => Promise<void>;

const VISITS: Readonly<Record<string, Visit>> = {
  'says goodbye': async (instance) => (await instance.connect()).leave(),
  'is cut off': async (instance) => (await instance.connect()).leave(false),
  'breaks the protocol': async (instance) => (await instance.connect()).saysText('no JSON'),
  'never answers the close': async (instance) => {
    const socket = new FakeSocket();
    socket.isDeaf = true;
    (await instance.connect({}, socket)).saysText('no JSON');
    socket.terminate();
  },
  'leaves before its token expires': async (instance) => {
    const tokenExpiresAt = instance.clock.now() + 600_000;
    (await instance.connect({ tokenExpiresAt })).leave();
  },
  'leaves in the middle of a replay': async (instance) => {
    const release = instance.engine.hold('read', 'answer');
    (await instance.connect()).leave(false);
    release();
  },
  'leaves with more waiting than its socket takes': async (instance) => {
    const socket = new FakeSocket();
    socket.block();
    await instance.connect({}, socket);
    await instance.publishMany(200);
    socket.leave(false);
  },
  'is gone before it is let in': async (instance) => {
    const result = await instance.apply();
    if (result.kind === 'refused') throw new Error('refused');
    result.acceptance.aborted();
  },
  'is refused': async (instance) => {
    const full = await Promise.all(
      Array.from({ length: MOST_CONNECTIONS }, () => instance.connect({ user: 'u-full' })),
    );
    expect(await instance.apply({ user: 'u-full' })).toMatchObject({ kind: 'refused' });
    for (const socket of full) socket.leave();
  },
};

it.each(Object.entries(VISITS))('nothing is left of a client that %s', async (_, visit) => {
  const instance = aloneInstance({ maxConnectionsPerUser: MOST_CONNECTIONS });
  await instance.core.start(8080);
  await instance.publishMany(30);
  await instance.clock.advance(SOON);
  const { timers } = instance.clock;
  for (let n = 0; n < 20; n++) await visit(instance);
  await instance.clock.advance(SOON);

  expect(instance.clock.timers).toBe(timers);
  expect(instance.core.connections.size).toBe(0);
  expect(instance.core.feeds.size).toBe(0);
  for (const user of ['u-1', 'u-full'])
    expect(await instance.engine.registry.connectionsOf(user)).toEqual([]);
});
