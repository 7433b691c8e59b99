import { Clients } from './clients.ts';
import { KeepAlive } from './keep-alive.ts';
import type { Load } from './load.ts';
import { batchBody, clientTarget, publishRequest, WATCHED_USER } from './requests.ts';

export type DeliveringOptions = { readonly clients: number; readonly burst: number };

/** Bursts that may be on their way at a time: the next is there when the server has done with one. */
const BURSTS_AHEAD = 2;

/** Publishes bursts to one user, as fast as all of the user's clients get them; counts frames received by clients. */
export async function deliveringLoad(port: number, options: DeliveringOptions): Promise<Load> {
  const clients = new Clients();
  await clients.connect(options.clients, { port, target: await clientTarget() });
  const publishers = await Promise.all(Array.from({ length: BURSTS_AHEAD }, () => KeepAlive.open(port)));
  const body = batchBody(Array.from({ length: options.burst }, () => WATCHED_USER));
  let expected = 0;

  /** Resolves once all that was published has arrived, but for so many bursts. */
  const arrived = (butForBursts: number): Promise<void> =>
    new Promise((resolve) => {
      const wanted = expected - butForBursts * options.burst * options.clients;
      clients.heard = () => {
        if (clients.received >= wanted) resolve();
      };
      clients.heard();
    });

  async function run(ms: number): Promise<number> {
    const before = clients.received;
    const deadline = performance.now() + ms;
    for (let turn = 0; performance.now() < deadline; turn++) {
      expected += options.burst * options.clients;
      const accepted = publishers[turn % BURSTS_AHEAD]?.send(publishRequest(body, { batch: true }));
      await Promise.all([accepted, arrived(BURSTS_AHEAD - 1)]);
    }
    await arrived(0);
    return clients.received - before;
  }

  return {
    run,
    close: () => {
      clients.close();
      for (const publisher of publishers) publisher.close();
    },
  };
}
