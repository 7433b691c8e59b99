// Large events for users who also have dashboards that read nothing or little: their neighbours do not notice.
import { REQUIRED_LATENCY } from './lib/measures.js';
import { noneRefused, nothingLost, ownDashboards, scenario, watch, work } from './lib/scenario.js';
import { slowReaders } from './lib/settings.js';
import { publishSteadily } from './lib/worker.js';

/** Bytes. Beside the kernel's buffers, which hold some megabytes of each slow reader before anything waits in the server. */
const FILL = 16_000;

export const options = scenario({ ...nothingLost, ...noneRefused, publish_to_receive_ms: REQUIRED_LATENCY });

export const dashboards = () => watch(ownDashboards());

// k6 reads whatever comes: the slow ones are not its own, but there before it.
export const worker = () => work(() => publishSteadily({ fill: FILL }), { others: slowReaders });
