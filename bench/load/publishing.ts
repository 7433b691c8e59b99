import { KeepAlive } from './keep-alive.ts';
import type { Load } from './load.ts';
import { batchBody, publishRequest, singleBody } from './requests.ts';

/** Requests that are unanswered at a time, each on a connection of its own; of batches, some hundred events are enough. */
const IN_FLIGHT = { single: 32, batch: 8 };
const USERS = Array.from({ length: 100 }, (_, index) => `user-${index}`);

export type PublishingOptions = { readonly batch: boolean; readonly users?: readonly string[] };

/** Publishes as fast as it is answered, for many users unless they are named; counts events. */
export async function publishingLoad(
  port: number,
  { batch, users = USERS }: PublishingOptions,
): Promise<Load> {
  const inFlight = batch ? IN_FLIGHT.batch : IN_FLIGHT.single;
  const connections = await Promise.all(Array.from({ length: inFlight }, () => KeepAlive.open(port)));
  const bodies = batch ? [batchBody(users)] : users.map(singleBody);
  const eventsOfRequest = batch ? users.length : 1;
  let turn = 0;

  async function run(ms: number): Promise<number> {
    const deadline = performance.now() + ms;
    let events = 0;
    const loop = async (connection: KeepAlive): Promise<void> => {
      while (performance.now() < deadline) {
        const body = bodies[turn++ % bodies.length] ?? '';
        await connection.send(publishRequest(body, { batch }));
        events += eventsOfRequest;
      }
    };
    await Promise.all(connections.map(loop));
    return events;
  }

  function close(): void {
    for (const connection of connections) connection.close();
  }

  return { run, close };
}
