import type { Priority } from '../protocol/events.ts';
import { AGENT_STATUS_CHANGED } from '../protocol/events.ts';
import type { AgentReport } from './agents.ts';
import { AGENT_MESSAGE } from './agents.ts';

/** More than a connection may be sent at once and than may wait for it, and less than a stream keeps. */
const EVENTS = 700;
const NORMAL_EVERY = 10;

export type FloodEvent = AgentReport & { readonly priority: Priority };

/**
 * A burst of one agent, mostly of low priority: that is shed first, and comes later. The status behind it is critical, comes
 * at once, and takes along what stands before it; so there is none in between.
 */
export function floodEvents(): readonly FloodEvent[] {
  const inBetween = Array.from({ length: EVENTS }, (_, index) => message(index + 1));
  return [status('idle', 'working'), ...inBetween, status('working', 'completed')];
}

function message(number: number): FloodEvent {
  const priority = number % NORMAL_EVERY === 0 ? 'normal' : 'low';
  return {
    event_type: AGENT_MESSAGE,
    agent_id: 'flood',
    project_id: 'demo',
    priority,
    payload: { message: `${priority}: ${number} of ${EVENTS}` },
  };
}

const status = (from: string, to: string): FloodEvent => ({
  event_type: AGENT_STATUS_CHANGED,
  agent_id: 'flood',
  project_id: 'demo',
  priority: 'critical',
  payload: { old_status: from, new_status: to, message: `A burst of ${EVENTS} messages` },
});
