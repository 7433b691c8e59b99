import { createMemoryEngine } from '../../../src/adapters/memory/engine.ts';
import { MemoryStore } from '../../../src/adapters/memory/store.ts';
import { Feeds } from '../../../src/core/feeds.ts';
import { History } from '../../../src/core/history.ts';
import type { EventRecord } from '../../../src/core/ports/engine.ts';
import { FaultyEngine } from '../../support/faulty-engine.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { DEFAULTS, recordingLog } from '../../support/test-instance.ts';

export const WINDOW_MS = 100;

/** Feeds on an engine that can be slow or away, and what is handed over to them. */
export function feedsRig() {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const memory = createMemoryEngine({ ...DEFAULTS, clock, random: seededRandom() }, store);
  const engine = new FaultyEngine(memory, clock);
  const log = recordingLog();
  const history = new History(clock, 100);
  const feeds = new Feeds(engine, log, {
    ...DEFAULTS,
    clock,
    history,
    tracing: null,
    progressWindowMs: WINDOW_MS,
  });
  const heard: EventRecord[] = [];
  engine.handover.listen({
    received: (userId, record) => {
      heard.push(record);
      feeds.receive(userId, record);
    },
    interrupted: () => {},
  });
  let published = 0;
  const publish = async (userId = 'u-1', { step = 0 } = {}) => {
    const frame = { head: '{"type":"NOTE","sequence_id":', tail: ',"payload":{}}' };
    const event = {
      userId,
      agentId: 'a-1',
      projectId: null,
      eventType: 'NOTE',
      taskId: step > 0 ? 't-1' : null,
      priority: 'normal' as const,
      endsTask: false,
    };
    const key = { service: 'worker', id: `m-${++published}`, item: 0 };
    const progress = step > 0 ? { step, total: 100, percent: step } : null;
    await memory.streams.append({ ...event, progress, frame }, key);
  };
  const isSubscribed = (userId = 'u-1') => store.subscriptions.has(userId);
  return { clock, memory, engine, log, feeds, heard, publish, isSubscribed };
}
