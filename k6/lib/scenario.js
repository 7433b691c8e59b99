import exec from 'k6/execution';
import { Dashboard } from './dashboard.js';
import { connections, dashboardVus, placeOf, seconds } from './settings.js';
import { tokenOf } from './signing.js';
import { liveSocketsBecome, publishTheLast } from './worker.js';

/** How long it may take until all sockets are open, in seconds. */
const OPEN_WITHIN_S = 120;
/** Left for what comes after the duration. */
const AFTERWARDS_S = 120;
/** Handshakes that each VU has under way. */
const OPENING_AT_A_TIME = 10;
/** Requests of the worker that may be under way without a new TCP connection for each. */
const KEPT_ALIVE = 200;

const once = (name, vus, lastsS) => ({
  executor: 'per-vu-iterations',
  exec: name,
  vus,
  iterations: 1,
  maxDuration: `${lastsS}s`,
  gracefulStop: '0s',
});

/**
 * k6's options for a scenario of two parts, which its file exports as functions: `dashboards`, some VUs with many sockets
 * each, and `worker`, one VU that publishes.
 */
export function scenario(thresholds, { extraSeconds = 0 } = {}) {
  const lastsS = OPEN_WITHIN_S + seconds + AFTERWARDS_S + extraSeconds;
  return {
    scenarios: { dashboards: once('dashboards', dashboardVus, lastsS), worker: once('worker', 1, lastsS) },
    thresholds,
    batch: KEPT_ALIVE,
    batchPerHost: KEPT_ALIVE,
    discardResponseBodies: true,
    // Each tag would make a time series of its own.
    systemTags: [],
    summaryTrendStats: ['min', 'p(50)', 'p(95)', 'p(99)', 'max'],
  };
}

/** What every scenario promises of its sockets: all opened, none cut, everything heard, nothing twice. */
export const nothingLost = {
  sockets_opened: [`count==${connections}`],
  sockets_complete: [`count==${connections}`],
  sockets_cut: ['count==0'],
  // By k6 itself, which drops one of some thousands; none of them by the server.
  greetings_lost: [`count<=${Math.ceil(connections / 100)}`],
  events_lost: ['count==0'],
  events_repeated: ['count==0'],
  events_not_accepted: ['count==0'],
};

/** Where sockets open in peace. Who comes back may be refused by an instance that drains or has too much to do, and comes again. */
export const noneRefused = { sockets_refused: ['count==0'] };

/** This VU's part of all dashboards, none of them connected. */
export function ownDashboards({ returns = false } = {}) {
  const own = [];
  for (let number = exec.scenario.iterationInTest; number < connections; number += dashboardVus) {
    const { user, instance } = placeOf(number);
    own.push(new Dashboard({ token: tokenOf(user), instance, returns }));
  }
  return own;
}

/** Connects them, some at a time. */
export async function openAll(dashboards) {
  const waiting = [...dashboards];
  const lane = async () => {
    for (let dashboard = waiting.pop(); dashboard !== undefined; dashboard = waiting.pop())
      await dashboard.connect();
  };
  await Promise.all(Array.from({ length: OPENING_AT_A_TIME }, lane));
}

/** Connects them, and stays until each is finished. */
export async function watch(dashboards) {
  await openAll(dashboards);
  await Promise.all(dashboards.map(({ finished }) => finished));
}

/**
 * The worker's part: once all sockets are open, does its work, and tells them that it is over. Where they never open, that
 * is all it does; the thresholds tell.
 * @param others sockets that are open besides the dashboards
 */
export async function work(task, { others = 0 } = {}) {
  if (await liveSocketsBecome((live) => live >= connections + others, OPEN_WITHIN_S)) await task();
  await publishTheLast();
}
