// All sockets are held, all receive, none is closed.
import { REQUIRED_LATENCY } from './lib/measures.js';
import { noneRefused, nothingLost, ownDashboards, scenario, watch, work } from './lib/scenario.js';
import { publishSteadily } from './lib/worker.js';

export const options = scenario({ ...nothingLost, ...noneRefused, publish_to_receive_ms: REQUIRED_LATENCY });

export const dashboards = () => watch(ownDashboards());

export const worker = () => work(() => publishSteadily());
