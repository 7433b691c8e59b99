import { describe, expect, test } from 'vitest';
import type { AgentReport } from '../../src/demo/agents.ts';
import { SimulatedAgent } from '../../src/demo/agents.ts';
import { CAST } from '../../src/demo/cast.ts';
import { between, oneOf, seededChance } from '../../src/demo/chance.ts';
import { parseEvent, STATUSES } from '../../src/protocol/events.ts';

const STEPS = 2_000;

/** What one agent of the cast reports, and how long it is busy with all of it. */
function lifeOf(index: number, seed: number): { reports: AgentReport[]; busyMs: number } {
  const role = CAST[index];
  if (role === undefined) throw new RangeError(`no role ${index}`);
  const agent = new SimulatedAgent(role, seededChance(seed));
  const steps = Array.from({ length: STEPS }, () => agent.next());
  return {
    reports: steps.map(({ report }) => report),
    busyMs: steps.reduce((sum, { pauseMs }) => sum + pauseMs, 0),
  };
}

const lives = CAST.map((_, index) => lifeOf(index, 7 + index));
const every = lives.map(({ reports }) => reports);

const statusChanges = (reports: readonly AgentReport[]) =>
  reports.filter(({ event_type }) => event_type === 'AGENT_STATUS_CHANGED').map(({ payload }) => payload);

describe('simulated agents', () => {
  test('are six, in two projects', () => {
    expect(new Set(CAST.map(({ agentId }) => agentId)).size).toBe(6);
    expect(new Set(CAST.map(({ projectId }) => projectId)).size).toBe(2);
  });

  test('publish nothing that the server refuses', () => {
    const faults = every
      .flat()
      .map((report) => parseEvent({ user_id: 'u-1', ...report }))
      .filter(({ kind }) => kind !== 'event');
    expect(faults).toEqual([]);
  });

  test.each(CAST.map(({ agentId }, index) => [agentId, index] as const))(
    '%s goes from each status to the next without a break',
    (_, index) => {
      const changes = statusChanges(every[index] ?? []);
      expect(changes[0]?.old_status).toBe('idle');
      expect(changes.slice(1).map(({ old_status }) => old_status)).toEqual(
        changes.slice(0, -1).map(({ new_status }) => new_status),
      );
    },
  );

  test('live through every status', () => {
    const seen = new Set(statusChanges(every.flat()).map(({ new_status }) => new_status));
    expect([...seen].toSorted()).toEqual([...STATUSES].toSorted());
  });

  test('take every step of a task once, in order, and complete it after the last', () => {
    for (const reports of every) {
      const done = new Map<unknown, number>();
      for (const { event_type, payload } of reports) {
        const { task_id, current_step, total_steps, new_status } = payload;
        if (event_type === 'PROGRESS_UPDATE') {
          expect(current_step).toBe((done.get(task_id) ?? 0) + 1);
          done.set(task_id, current_step === total_steps ? Number.NaN : Number(current_step));
        }
        if (new_status === 'completed') expect(done.get(task_id)).toBeNaN();
      }
      expect(done.size).toBeGreaterThan(10);
    }
  });

  test('are calm: a few events a second, all together', () => {
    const perSecond = lives.reduce((sum, { busyMs }) => sum + STEPS / (busyMs / 1000), 0);
    expect(perSecond).toBeGreaterThan(2);
    expect(perSecond).toBeLessThan(6);
  });

  test('live the same life again from the same seed, and another from another', () => {
    expect(lifeOf(0, 7)).toEqual(lives[0]);
    expect(lifeOf(0, 8)).not.toEqual(lives[0]);
  });
});

describe('seeded chance', () => {
  test('is spread over 0 up to 1, 1 excluded', () => {
    const chance = seededChance(1);
    const tenths = new Map<number, number>();
    for (let i = 0; i < 10_000; i++) {
      const tenth = Math.floor(chance() * 10);
      tenths.set(tenth, (tenths.get(tenth) ?? 0) + 1);
    }
    expect([...tenths.keys()].toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(Math.min(...tenths.values())).toBeGreaterThan(800);
  });

  test('gives both ends of a range, and refuses to choose from nothing', () => {
    const chance = seededChance(2);
    const seen = new Set(Array.from({ length: 200 }, () => between(chance, 3, 5)));
    expect([...seen].toSorted()).toEqual([3, 4, 5]);
    expect(() => oneOf(chance, [])).toThrow('empty list');
  });
});
