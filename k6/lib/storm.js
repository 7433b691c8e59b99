import { LAST_EVENT } from './dashboard.js';
import { giveOrder, hearOrders } from './orders.js';
import { openAll, ownDashboards } from './scenario.js';
import { connections, dashboardVus, missed } from './settings.js';
import { liveSocketsBecome, pause, publishToAll } from './worker.js';

const AWAY_WITHIN_S = 60;
const BACK_WITHIN_S = 120;
/** From the order to come back until everybody does. */
const WARNING_MS = 1_000;

/** Each VU has a socket more, for orders. */
export const ORDER_SOCKETS = dashboardVus;

/** Dashboards that are all cut at once, and all come back at the same moment. */
export async function cutAndReturn() {
  const ordered = await hearOrders();
  const dashboards = ownDashboards({ returns: true });
  await openAll(dashboards);
  ordered('LOAD_CUT').then(() => {
    for (const dashboard of dashboards) dashboard.leave();
  });
  ordered('LOAD_RETURN').then(async ({ back }) => {
    await pause(back - Date.now());
    for (const dashboard of dashboards) dashboard.connect(back);
  });
  await ordered(LAST_EVENT);
  await Promise.all(dashboards.map(({ finished }) => finished));
}

/** Has them cut, publishes what they miss, and has them come back. */
export async function storm() {
  await giveOrder('LOAD_CUT');
  await liveSocketsBecome((live) => live <= ORDER_SOCKETS, AWAY_WITHIN_S);
  for (let round = 0; round < missed; round++) await publishToAll();
  await giveOrder('LOAD_RETURN', { back: Date.now() + WARNING_MS });
  await pause(WARNING_MS);
  await liveSocketsBecome((live) => live >= connections + ORDER_SOCKETS, BACK_WITHIN_S);
}

/** Lets go of those that wait for orders. */
export const noMoreOrders = () => giveOrder(LAST_EVENT);
