import type { Socket } from 'node:net';
import { openClient } from '../bench/load/clients.ts';
import { tokenFor } from '../tests/support/tokens.ts';
import type { Accompaniment } from './scenarios.ts';
import { usersOf } from './size.ts';

const LITTLE_BYTES = 100;
const LITTLE_EVERY_MS = 100;
/** WS_SEND_BUFFER_SIZE, which the scenario leaves alone. */
const SEND_BUFFER = 100;

/** Readers that k6 cannot be, since it takes whatever comes: every other reads nothing at all, the others 1 KB a second. */
export const readSlowly: Accompaniment = async ({ stage, size, watch }) => {
  const users = usersOf(size);
  const sockets: Socket[] = [];
  for (let number = 0; number < size.slowReaders; number++) {
    const token = await tokenFor(users[number % users.length] ?? '');
    const target = `/ws/agents?token=${token}&last_sequence_id=latest`;
    const socket = await openClient({ port: portOf(stage.urls, number), target, heard: () => {} });
    // It is cut when its server gives it up.
    socket.on('error', () => {});
    socket.pause();
    sockets.push(socket);
  }
  const reading = setInterval(() => {
    for (let number = 0; number < sockets.length; number += 2) sockets[number]?.read(LITTLE_BYTES);
  }, LITTLE_EVERY_MS);
  return async () => {
    clearInterval(reading);
    for (const socket of sockets) socket.destroy();
    const longest = Math.max(...watch.looks.map(({ longestQueue }) => longestQueue));
    const dropped = Math.max(...watch.looks.map((look) => look.dropped));
    return [
      {
        promise: `messages waiting for one socket ≤ ${SEND_BUFFER}`,
        measured: String(longest),
        ok: longest <= SEND_BUFFER,
      },
      {
        promise: 'events shed for slow readers > 0',
        measured: dropped.toLocaleString('en-US'),
        ok: dropped > 0,
      },
    ];
  };
};

const portOf = (urls: readonly string[], number: number): number =>
  Number(new URL(urls[number % urls.length] ?? '').port);
