import { afterEach, describe, expect, test, vi } from 'vitest';
import { ClientRig } from '../../support/client-rig.ts';

afterEach(() => vi.unstubAllGlobals());

/** An event target that knows how many listen to it. */
class CountedTarget extends EventTarget {
  listeners = 0;
  visibilityState = 'hidden';

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.listeners++;
    super.addEventListener(...args);
  }

  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
    this.listeners--;
    super.removeEventListener(...args);
  }
}

/** A browser's window and document, as far as the library looks at them. */
function browser() {
  const window = new CountedTarget();
  const document = new CountedTarget();
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
  vi.stubGlobal('removeEventListener', window.removeEventListener.bind(window));
  vi.stubGlobal('document', document);
  return {
    comesOnline: () => window.dispatchEvent(new Event('online')),
    becomes: (visibilityState: string) => {
      document.visibilityState = visibilityState;
      document.dispatchEvent(new Event('visibilitychange'));
    },
    listeners: () => window.listeners + document.listeners,
  };
}

/** A connection that waits after an attempt that came to nothing. */
async function waiting(options: ConstructorParameters<typeof ClientRig>[0] = {}) {
  const rig = new ClientRig(options);
  (await rig.begin()).over();
  await rig.clock.settle();
  expect(rig.connection.state).toBe('waiting');
  return rig;
}

const tooMany = async () => new Response('{}', { status: 429, headers: { 'retry-after': '30' } });

test('a wait is told in whole milliseconds', async () => {
  const rig = await waiting({ random: () => 1 / 3 });
  expect(rig.states.at(-1)).toMatchObject({ state: 'waiting', retryInMs: 167 });
});

describe('a wait is cut short', () => {
  test('by retryNow, once, and the next failure backs off further', async () => {
    const rig = await waiting();
    rig.connection.retryNow();
    rig.connection.retryNow();
    // Past the end of the wait.
    await rig.clock.advance(1_000);
    expect([rig.connection.state, rig.sockets.length]).toEqual(['connecting', 2]);
    rig.socket.over();
    await rig.clock.settle();
    expect(rig.states.at(-1)).toMatchObject({ state: 'waiting', retryInMs: 500 });
    expect(rig.clock.timers).toBe(1);
  });

  test('by the network coming back, and by a page that comes into view', async () => {
    const { comesOnline, becomes } = browser();
    const rig = await waiting();
    comesOnline();
    await rig.clock.advance(0);
    expect(rig.sockets).toHaveLength(2);
    rig.socket.over();
    await rig.clock.settle();
    becomes('hidden');
    await rig.clock.advance(0);
    expect(rig.sockets).toHaveLength(2);
    becomes('visible');
    await rig.clock.advance(0);
    expect(rig.sockets).toHaveLength(3);
  });

  test('by these not where the server asked for it; by retryNow all the same', async () => {
    const { comesOnline, becomes } = browser();
    const rig = await waiting({ fetch: tooMany as typeof globalThis.fetch });
    await rig.clock.advance(250);
    rig.socket.over();
    await rig.clock.settle();
    expect(rig.states.at(-1)).toMatchObject({ state: 'waiting', status: 429, retryInMs: 30_500 });
    comesOnline();
    becomes('visible');
    await rig.clock.advance(0);
    expect(rig.sockets).toHaveLength(2);
    rig.connection.retryNow();
    await rig.clock.advance(0);
    expect(rig.sockets).toHaveLength(3);
  });
});

test('who does not wait is left alone, and a closed connection listens to nobody', async () => {
  const { comesOnline, listeners } = browser();
  const rig = new ClientRig();
  await rig.live();
  comesOnline();
  rig.connection.retryNow();
  await rig.clock.advance(0);
  expect([rig.connection.state, rig.sockets.length, listeners()]).toEqual(['live', 1, 2]);
  rig.connection.close();
  expect(listeners()).toBe(0);
});

test('a listener may cut the wait short as it hears of it', async () => {
  const rig = new ClientRig();
  rig.connection.on('state', ({ state }) => {
    if (state === 'waiting' && rig.sockets.length < 3) rig.connection.retryNow();
  });
  (await rig.begin()).over();
  await rig.clock.advance(0);
  expect([rig.sockets.length, rig.connection.state, rig.clock.timers]).toEqual([2, 'connecting', 1]);
});
