// Events at a high rate over many sockets: each in a request of its own, then the same in batches.
import { REQUIRED_LATENCY } from './lib/measures.js';
import { noneRefused, nothingLost, ownDashboards, scenario, watch, work } from './lib/scenario.js';
import { connections, eventsPerSecond, seconds, users } from './lib/settings.js';
import { publishSteadily } from './lib/worker.js';

const BATCH = 100;
/** Of the rate that is asked for: what the last answers took is counted too. */
const KEPT_UP = 0.98;

const published = 2 * seconds * eventsPerSecond;

export const options = scenario(
  {
    ...nothingLost,
    ...noneRefused,
    events_accepted_per_second: [`min>=${KEPT_UP * eventsPerSecond}`],
    events_received: [`count>=${Math.floor((published / users.length) * connections)}`],
    publish_to_receive_ms: REQUIRED_LATENCY,
    publish_to_receive_batched_ms: REQUIRED_LATENCY,
  },
  { extraSeconds: seconds },
);

export const dashboards = () => watch(ownDashboards());

export const worker = () =>
  work(async () => {
    await publishSteadily();
    await publishSteadily({ batch: Math.min(BATCH, eventsPerSecond) });
  });
