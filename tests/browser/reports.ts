import type { PublishedEvent } from '../../src/client/index.ts';
import { createPublisher } from '../../src/client/index.ts';
import { TEST_SERVICE_KEY, TEST_SERVICE_NAME } from '../support/server-process.ts';

/** What an agent has to tell, without the user it works for. */
export type Report = Omit<PublishedEvent, 'user_id'>;

export const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

export const note = (agent: string, message: string): Report => ({
  event_type: 'NOTE',
  agent_id: agent,
  payload: { message },
});

export const notes = (count: number): Report[] => upTo(count).map((n) => note('coder', `note ${n}`));

export const status = (from: string, to: string, agent = 'coder'): Report =>
  ({
    event_type: 'AGENT_STATUS_CHANGED',
    agent_id: agent,
    project_id: 'shop',
    payload: { old_status: from, new_status: to, task_id: 't-1', message: `now ${to}` },
  }) as Report;

export const step = (current: number, agent = 'coder'): Report => ({
  event_type: 'PROGRESS_UPDATE',
  agent_id: agent,
  payload: { task_id: 't-1', current_step: current, total_steps: 20, message: 'Split the handler' },
});

/** Publishes for a user; resolves once all of them are in the stream. */
export async function publishTo(url: string, user: string, reports: readonly Report[]): Promise<void> {
  const publisher = createPublisher({ url, service: TEST_SERVICE_NAME, key: TEST_SERVICE_KEY });
  const events = reports.map((report) => ({ ...report, user_id: user }) as PublishedEvent);
  await Promise.all(events.map((event) => publisher.publish(event)));
  await publisher.close();
}
