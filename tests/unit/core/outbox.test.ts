import { describe, expect, it } from 'vitest';
import type { ManualClock } from '../../support/manual-clock.ts';
import { outboxRig, SOCKET_BYTES } from '../../support/outbox-rig.ts';

const frameOf = (n: number, bytes = 0): string =>
  JSON.stringify({ type: 'NOTE', n, fill: 'x'.repeat(bytes) });

describe('an outbox', () => {
  it('sends what one turn had for it in one write, in order', async () => {
    const { clock, socket, outbox } = outboxRig();
    for (const n of [1, 2, 3]) outbox.push(frameOf(n), 0);
    expect(socket.writes).toEqual([]);
    expect(outbox.freeFrames).toBe(3);
    await clock.settle();
    expect(socket.writes).toEqual([3]);
    expect(socket.texts).toEqual([1, 2, 3].map((n) => frameOf(n)));
    expect(outbox.freeFrames).toBe(0);
    outbox.push(frameOf(4), 0);
    await clock.settle();
    expect(socket.writes).toEqual([3, 1]);
  });

  it('sends bytes and texts alike', async () => {
    const { clock, socket, outbox } = outboxRig();
    outbox.push(new TextEncoder().encode(frameOf(1)), 0);
    outbox.push(frameOf(2), 0);
    await clock.settle();
    expect(socket.texts).toEqual([frameOf(1), frameOf(2)]);
  });

  it('keeps what the socket has no room for, and sends it when there is', async () => {
    const { clock, socket, outbox } = outboxRig();
    socket.block();
    for (let n = 1; n <= 40; n++) outbox.push(frameOf(n, 10_000), 0);
    await clock.settle();
    expect(socket.bufferedBytes).toBeGreaterThanOrEqual(SOCKET_BYTES);
    expect(socket.bufferedBytes).toBeLessThan(SOCKET_BYTES + 11_000);
    expect(outbox.freeFrames).toBe(33);
    outbox.push(frameOf(41), 0);
    await clock.settle();
    expect(outbox.freeFrames).toBe(34);
    socket.unblock();
    expect(outbox.freeFrames).toBe(0);
    expect(socket.texts).toHaveLength(41);
  });

  it('sends all of it to a socket that takes everything at once, which never tells that it drained', async () => {
    const { clock, socket, outbox } = outboxRig();
    for (let n = 1; n <= 40; n++) outbox.push(frameOf(n, 10_000), 0);
    await clock.settle();
    expect(outbox.freeFrames).toBe(0);
    expect(socket.texts).toHaveLength(40);
  });

  it('sends a frame that is larger than what the socket may hold', async () => {
    const { clock, socket, outbox } = outboxRig();
    socket.block();
    outbox.push(frameOf(1, 3 * SOCKET_BYTES), 0);
    outbox.push(frameOf(2), 0);
    await clock.settle();
    expect(outbox.freeFrames).toBe(1);
    socket.take();
    await clock.settle();
    expect(outbox.freeFrames).toBe(0);
  });

  it('drops what waits when the connection has ended', async () => {
    const { clock, socket, outbox } = outboxRig();
    socket.block(SOCKET_BYTES);
    outbox.push(frameOf(1), 0);
    await clock.settle();
    socket.leave();
    expect(outbox.freeFrames).toBe(0);
    expect(socket.texts).toEqual([]);
  });
});

describe('an outbox is idle', () => {
  /** Whether the promise is settled, once everything had time to. */
  async function isSettled(clock: ManualClock, promise: Promise<void>): Promise<boolean> {
    let isDone = false;
    void promise.then(() => {
      isDone = true;
    });
    await clock.settle();
    return isDone;
  }

  it('at once when nothing waits', async () => {
    const { clock, outbox } = outboxRig();
    expect(await isSettled(clock, outbox.idle())).toBe(true);
  });

  it('after the turn that sends what waits', async () => {
    const { clock, outbox } = outboxRig();
    outbox.push(frameOf(1), 0);
    expect(await isSettled(clock, outbox.idle())).toBe(true);
  });

  it('not before the socket has taken what it had too much of', async () => {
    const { clock, socket, outbox } = outboxRig();
    socket.block();
    outbox.push(frameOf(1, SOCKET_BYTES), 0);
    const idle = outbox.idle();
    expect(await isSettled(clock, idle)).toBe(false);
    expect(outbox.freeFrames).toBe(0);
    socket.take();
    expect(await isSettled(clock, idle)).toBe(true);
  });

  it('not while frames wait here', async () => {
    const { clock, socket, outbox } = outboxRig();
    socket.block(SOCKET_BYTES);
    outbox.push(frameOf(1), 0);
    const idle = outbox.idle();
    expect(await isSettled(clock, idle)).toBe(false);
    socket.unblock();
    expect(await isSettled(clock, idle)).toBe(true);
  });

  it('when the connection has ended, so that nobody waits for ever', async () => {
    const { clock, socket, outbox } = outboxRig();
    socket.block(SOCKET_BYTES);
    outbox.push(frameOf(1), 0);
    const idle = outbox.idle();
    expect(await isSettled(clock, idle)).toBe(false);
    socket.leave(false);
    expect(await isSettled(clock, idle)).toBe(true);
  });
});
