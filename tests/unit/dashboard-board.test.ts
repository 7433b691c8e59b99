import { expect, test } from 'vitest';
import type { ProgressEvent, StatusEvent, StatusPayload } from '../../src/client/index.ts';
import { AgentBoard } from '../../src/dashboard/agent-board.ts';

const AT = '2026-01-01T00:00:00.000Z';

function status(
  sequenceId: number,
  to: StatusPayload['new_status'],
  { epoch = 'e-1', ...fields }: { epoch?: string; task_id?: string; progress?: number } = {},
): StatusEvent {
  const payload: StatusPayload = { agent_id: 'a-1', old_status: 'idle', new_status: to, ...fields };
  const place = { sequence_id: sequenceId, epoch, timestamp: AT, delivery: 'live' } as const;
  return { kind: 'status', type: 'AGENT_STATUS_CHANGED', ...place, payload };
}

function progress(percent: number, seconds: number | null = null): ProgressEvent {
  const steps = { current_step: percent, total_steps: 100, merged: 1, estimated_seconds_remaining: seconds };
  const payload = { agent_id: 'a-1', task_id: 't-1', progress_percent: percent, ...steps };
  return { kind: 'progress', type: 'PROGRESS_UPDATE', timestamp: AT, payload };
}

test.each([
  [250, 100],
  [-3, 0],
  [Number.NaN, 0],
])('a percentage of %s is a bar at %s', (percent, shown) => {
  const board = new AgentBoard();
  expect(board.take(progress(percent), 0).task?.percent).toBe(shown);
  const running = status(1, 'working', { task_id: 't-2', progress: percent });
  expect(board.take(running, 0).task?.percent).toBe(shown);
});

test('a time left that is none is not known', () => {
  const seconds = undefined as unknown as null;
  expect(new AgentBoard().take(progress(5, seconds), 0).task?.doneAt).toBeNull();
});

test('a status that comes late does not undo a newer one', () => {
  const board = new AgentBoard();
  board.take(status(7, 'completed'), 0);
  expect(board.take(status(5, 'stuck'), 0).status).toBe('completed');
});

test('another epoch is newer, though its numbers begin anew; what comes late of the one before is not', () => {
  const board = new AgentBoard();
  board.take(status(900, 'completed'), 0);
  expect(board.take(status(1, 'working', { epoch: 'e-2' }), 0).status).toBe('working');
  expect(board.take(status(901, 'failed'), 0).status).toBe('working');
});

test('progress does not go back within a run, by a status of a replay neither', () => {
  const board = new AgentBoard();
  board.take(status(1, 'working', { task_id: 't-1' }), 0);
  const run = board.take(progress(60), 0).task?.run;
  expect(board.take(progress(40), 0).task).toMatchObject({ percent: 60, run });
  const replayed = status(2, 'working', { task_id: 't-1', progress: 30 });
  expect(board.take(replayed, 0).task).toMatchObject({ percent: 60, run });
});

test('a task that begins again after its end is another run, from its own percentage on', () => {
  const board = new AgentBoard();
  board.take(status(1, 'working', { task_id: 't-1' }), 0);
  board.take(progress(60), 0);
  const failed = board.take(status(2, 'failed', { task_id: 't-1', progress: 60 }), 0).task;
  const again = board.take(progress(5), 0).task;
  expect(again?.percent).toBe(5);
  expect(again?.run).not.toBe(failed?.run);
});

test('knows when a task is done, by the clock of the page; who is stuck is not on the way', () => {
  const board = new AgentBoard();
  board.take(status(1, 'working', { task_id: 't-1' }), 0);
  expect(board.take(progress(50, 12), 1_000).task?.doneAt).toBe(13_000);
  expect(board.take(status(2, 'stuck', { task_id: 't-1' }), 2_000).task?.doneAt).toBeNull();
});
