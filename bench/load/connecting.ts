import { openClient } from './clients.ts';
import type { Load } from './load.ts';
import { clientTarget } from './requests.ts';

/** Connections that are being opened at a time. */
const AT_A_TIME = 64;
const USERS = 100;

/** Opens connections as fast as they are greeted, and closes each then; counts greetings. */
export async function connectingLoad(port: number): Promise<Load> {
  const targets = await Promise.all(
    Array.from({ length: USERS }, (_, index) => clientTarget(`user-${index}`)),
  );
  let turn = 0;

  async function visit(): Promise<void> {
    const target = targets[turn++ % USERS] ?? '';
    let heard: (frames: number) => void = () => {};
    const greeted = new Promise<void>((resolve) => {
      heard = (frames) => {
        if (frames > 0) resolve();
      };
    });
    const socket = await openClient({ port, target, heard });
    await greeted;
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
