/**
 * A worker and a dashboard on the client library, for Deno with no more than the network: publishes events to a stream, says
 * each that the dashboard is given, and ends when it has so many. `deno run deno-dashboard.ts <options as JSON>`
 */
import { connect, createPublisher } from '../../src/client/index.ts';

type Options = {
  url: string;
  publishTo: string;
  token: string;
  user: string;
  service: string;
  key: string;
  events: number;
};

const { args } = (globalThis as unknown as { Deno: { args: readonly string[] } }).Deno;
const { url, publishTo, token, user, service, key, events }: Options = JSON.parse(args[0] ?? '');

const connection = connect({ url, token, backoff: { firstMs: 100, longestMs: 300 } });
const publisher = createPublisher({ url: publishTo, service, key });
connection.on('state', ({ state }) => console.log(`state ${state}`));

const publishing = Promise.all(
  Array.from({ length: events }, async (_, n) => {
    // One after the other in time, so that some come before the link is cut, and some after.
    await new Promise((resolve) => setTimeout(resolve, n * 20));
    return publisher.publish({ event_type: 'NUMBERED', user_id: user, agent_id: 'a-1', payload: { n } });
  }),
);

let given = 0;
for await (const item of connection) {
  if (item.kind !== 'other') throw new Error(`got ${JSON.stringify(item)}, wanted events alone`);
  console.log(`event ${item.sequence_id}`);
  if (++given === events) break;
}
await publishing;
await publisher.close();
connection.close();
console.log(`ended ${JSON.stringify(await connection.ended)} ${JSON.stringify(connection.counters)}`);
