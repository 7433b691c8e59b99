import { expect, onTestFinished, test } from 'vitest';
import { DashboardClient } from '../support/dashboard-client.ts';
import { startFragileRedis } from '../support/fault-stage.ts';
import type { Runtime } from '../support/server-process.ts';
import { startServer } from '../support/server-process.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import type { Fields } from '../support/worker.ts';
import { Worker } from '../support/worker.ts';

const TASKS = 200;
const WINDOW_MS = 500;
const STEPS = 100;
/** Half of the tasks go into each batch. */
const BATCH = TASKS / 2;

type Shown = { step: number; percent: number; merged: number };

test.each<Runtime>(['node', 'deno'])(
  'G10: in a storm of progress, bytes follow tasks and time, not updates: %s',
  async (runtime) => {
    const redis = await startFragileRedis();
    const limits = { WS_RATE_LIMIT_PER_CONNECTION: '0', WS_RATE_LIMIT_GLOBAL: '0' };
    const env = { ...limits, WS_PROGRESS_WINDOW: `${WINDOW_MS}ms` };
    const server = await startServer({ runtime, redisUrl: redis.url, env });
    onTestFinished(() => server.stop());
    const user = newUser();
    const connect = async () => {
      const client = await DashboardClient.connect(`${server.wsUrl}/ws/agents?token=${await tokenFor(user)}`);
      onTestFinished(() => client.cut());
      return client;
    };
    const watching = await connect();
    const worker = new Worker(server.url);
    const start = performance.now();
    for (let step = 0; step <= STEPS; step++) {
      // One that comes in the middle sees at once where every task is.
      if (step === STEPS / 2) await expectWhole(await connect());
      await Promise.all([0, BATCH].map((from) => publishStep(worker, { user, from, step })));
    }
    const seconds = (performance.now() - start) / 1_000;
    const updates = TASKS * (STEPS + 1);
    process.stdout.write(`[progress] ${Math.round(updates / seconds)} updates a second on ${runtime}\n`);
    await watching.until(() => endedOf(watching) === TASKS, 'the end of every task');

    const shown = shownOf(watching);
    for (const [task, frames] of shown) {
      const steps = frames.map(({ step }) => step);
      expect(steps, task).toEqual([...steps].sort((one, other) => one - other));
      expect([steps[0], steps.at(-1)], task).toEqual([0, STEPS]);
      expect(
        frames.reduce((sum, { merged }) => sum + merged, 0),
        task,
      ).toBe(STEPS + 1);
    }
    expect(shown.size).toBe(TASKS);
    // For each task one a window, and the first and the last.
    const frames = [...shown.values()].reduce((sum, { length }) => sum + length, 0);
    expect(frames).toBeLessThanOrEqual(TASKS * (Math.ceil((seconds * 1_000) / WINDOW_MS) + 2));
  },
);

async function publishStep(
  worker: Worker,
  { user, from, step }: { user: string; from: number; step: number },
): Promise<void> {
  const events: Fields[] = Array.from({ length: BATCH }, (_, index) => ({
    event_type: 'PROGRESS_UPDATE',
    user_id: user,
    agent_id: `a-${from + index}`,
    payload: { task_id: 't', current_step: step, total_steps: STEPS },
  }));
  expect((await worker.batch(events)).status).toBe(202);
}

async function expectWhole(client: DashboardClient): Promise<void> {
  await client.next('REPLAY_END');
  const { size } = shownOf(client);
  expect(size).toBe(TASKS);
}

const shownOf = (client: DashboardClient): Map<string, Shown[]> => {
  const tasks = new Map<string, Shown[]>();
  for (const { type, payload } of client.frames) {
    if (type !== 'PROGRESS_UPDATE') continue;
    const shown = {
      step: Number(payload.current_step),
      percent: Number(payload.progress_percent),
      merged: Number(payload.merged),
    };
    tasks.set(String(payload.agent_id), [...(tasks.get(String(payload.agent_id)) ?? []), shown]);
  }
  return tasks;
};

const endedOf = (client: DashboardClient): number =>
  client.frames.filter(
    ({ type, payload }) => type === 'PROGRESS_UPDATE' && payload.current_step === payload.total_steps,
  ).length;
