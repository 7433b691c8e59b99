import { setTimeout as pause } from 'node:timers/promises';
import { Clients } from '../load/clients.ts';
import type { Dialect } from '../load/dialects.ts';
import type { Load } from '../load/load.ts';
import { publishingLoad } from '../load/publishing.ts';
import { WATCHED_USER } from '../load/requests.ts';

const ARRIVE_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 5;

/** Publishes one event a request to one user as fast as it is answered; counts events, each heard by the one watcher. */
export async function watchedPublishing(port: number, dialect: Dialect): Promise<Load> {
  const watcher = new Clients();
  await watcher.connect(1, { port, entry: await dialect.entry(WATCHED_USER) });
  const publishing = await publishingLoad(port, { batch: false, users: [WATCHED_USER] });
  let published = 0;

  async function run(ms: number): Promise<number> {
    const events = await publishing.run(ms);
    published += events;
    const deadline = performance.now() + ARRIVE_WITHIN_MS;
    while (watcher.received < published && performance.now() < deadline) await pause(LOOK_EVERY_MS);
    if (watcher.received !== published)
      throw new Error(`the watcher heard ${watcher.received} of ${published} events`);
    return events;
  }

  function close(): void {
    watcher.close();
    publishing.close();
  }

  return { run, close };
}
