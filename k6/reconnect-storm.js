// All sockets are cut at once, miss events, and all come back at the same moment.
import { nothingLost, scenario, work } from './lib/scenario.js';
import { connections, missed } from './lib/settings.js';
import { cutAndReturn, noMoreOrders, ORDER_SOCKETS, storm } from './lib/storm.js';

export const options = scenario({
  ...nothingLost,
  // Those that were missed, and the last.
  events_received: [`count==${connections * (missed + 1)}`],
  caught_up_ms: ['max<10000'],
});

export const dashboards = cutAndReturn;

export async function worker() {
  await work(storm, { others: ORDER_SOCKETS });
  await noMoreOrders();
}
