// For long: all receive, some of them come and go; nothing is lost, and the runner watches the memory.
import { clearInterval, setInterval } from 'k6/timers';
import { REQUIRED_LATENCY } from './lib/measures.js';
import { nothingLost, ownDashboards, scenario, watch, work } from './lib/scenario.js';
import { publishSteadily } from './lib/worker.js';

/** How often a dashboard of each VU goes and comes back. */
const MOVE_EVERY_MS = 500;

export const options = scenario({ ...nothingLost, publish_to_receive_ms: REQUIRED_LATENCY });

export async function dashboards() {
  const own = ownDashboards({ returns: true });
  const moving = setInterval(() => own[Math.floor(Math.random() * own.length)].move(), MOVE_EVERY_MS);
  await watch(own);
  clearInterval(moving);
}

export const worker = () => work(() => publishSteadily());
