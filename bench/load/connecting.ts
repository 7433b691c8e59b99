import { enter } from './clients.ts';
import { type Dialect, OURS } from './dialects.ts';
import type { Load } from './load.ts';

/** Connections that are being opened at a time. */
const AT_A_TIME = 64;
const USERS = 100;

/** Opens connections as fast as they are greeted, and closes each then; counts greetings. */
export async function connectingLoad(port: number, dialect: Dialect = OURS): Promise<Load> {
  const entries = await Promise.all(
    Array.from({ length: USERS }, (_, index) => dialect.entry(`user-${index}`)),
  );
  let turn = 0;

  async function visit(): Promise<void> {
    const entry = entries[turn++ % USERS];
    if (entry === undefined) return;
    const socket = await enter({ ...entry, port, heard: () => {} });
    socket.destroy();
  }

  async function run(ms: number): Promise<number> {
    const deadline = performance.now() + ms;
    let visits = 0;
    const loop = async (): Promise<void> => {
      while (performance.now() < deadline) {
        await visit();
        visits++;
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, loop));
    return visits;
  }

  return { run, close: () => {} };
}
