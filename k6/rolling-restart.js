// Instances are replaced one by one while events are published; dashboards leave when they are asked to.
import { clearInterval, setInterval } from 'k6/timers';
import { measures } from './lib/measures.js';
import { nothingLost, ownDashboards, scenario, watch, work } from './lib/scenario.js';
import { seconds, urls } from './lib/settings.js';
import { instanceAges, publishSteadily } from './lib/worker.js';

const LOOK_MS = 1_000;

export const options = scenario({ ...nothingLost, instances_replaced: [`count==${urls.length}`] });

export const dashboards = () => watch(ownDashboards({ returns: true }));

export const worker = () => work(publishUntilReplaced);

/** Publishes until every instance is one that started after this began, or DURATION_S has passed. */
async function publishUntilReplaced() {
  const began = Date.now();
  const runsFor = () => Date.now() - began;
  let replaced = 0;
  const looking = setInterval(async () => {
    replaced = (await instanceAges()).filter((age) => age < runsFor()).length;
  }, LOOK_MS);
  await publishSteadily({ isOver: () => replaced === urls.length || runsFor() > seconds * 1000 });
  clearInterval(looking);
  measures.instancesReplaced.add(replaced);
}
