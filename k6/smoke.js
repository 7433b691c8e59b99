// In a few seconds: events one by one and in batches, then a cut with events missed. It judges what is delivered, not how fast.
import { noneRefused, nothingLost, scenario, work } from './lib/scenario.js';
import { connections, eventsPerSecond, missed, seconds, users } from './lib/settings.js';
import { cutAndReturn, noMoreOrders, ORDER_SOCKETS, storm } from './lib/storm.js';
import { publishSteadily } from './lib/worker.js';

const BATCH = 10;

const events = 2 * seconds * eventsPerSecond + (missed + 1) * users.length;

export const options = scenario({
  ...nothingLost,
  ...noneRefused,
  events_received: [`count>=${Math.floor((events / users.length) * connections)}`],
});

export const dashboards = cutAndReturn;

export async function worker() {
  const task = async () => {
    await publishSteadily();
    await publishSteadily({ batch: BATCH });
    await storm();
  };
  await work(task, { others: ORDER_SOCKETS });
  await noMoreOrders();
}
