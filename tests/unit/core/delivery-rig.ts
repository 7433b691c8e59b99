import type { Clock } from '../../../src/core/ports/clock.ts';
import type { NewEvent } from '../../../src/core/ports/engine.ts';
import { progressOf } from '../../../src/protocol/progress.ts';
import { eventFrame } from '../../../src/protocol/server-messages.ts';
import type { FakeSocket } from '../../support/fake-socket.ts';
import { NEARLY_FULL } from '../../support/fake-socket.ts';
import type { TestInstance } from '../../support/test-instance.ts';
import { eventOf } from '../../support/test-instance.ts';

export const LATEST = { query: 'last_sequence_id=latest' };

/** The numbers from one to another, both included. */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

export const starts = (socket: FakeSocket) => socket.of('REPLAY_START').map(({ payload }) => payload);
export const ends = (socket: FakeSocket) => socket.of('REPLAY_END').map(({ payload }) => payload);

/** What was read, in short: event numbers, and the types of the other messages. */
export const storyOf = (socket: FakeSocket) =>
  socket.frames.map(({ type, sequence_id }) => sequence_id ?? type);

/** A client of an instance that takes one frame at a time; it has read CONNECTED. */
export async function slowReader(instance: TestInstance, query = ''): Promise<FakeSocket> {
  const release = instance.engine.hold('read', 'answer');
  const socket = await instance.connect({ query });
  socket.block(NEARLY_FULL);
  release();
  await instance.clock.settle();
  return socket;
}

/** Lets the client take so many frames more. */
export async function takes(instance: TestInstance, socket: FakeSocket, frames: number): Promise<void> {
  for (let left = frames; left > 0; left--) {
    socket.take();
    await instance.clock.settle();
  }
}

/** An event of u-1 as it is handed to an engine. */
export function newNote(clock: Clock): NewEvent {
  const event = eventOf();
  return { ...event, progress: progressOf(event), endsTask: false, frame: eventFrame(event, clock.now()) };
}
