import type { Status } from '../protocol/events.ts';
import { AGENT_STATUS_CHANGED, PROGRESS_UPDATE } from '../protocol/events.ts';
import type { Role } from './cast.ts';
import type { Chance } from './chance.ts';
import { between, oneOf } from './chance.ts';

/** What an agent has to tell, without the user it works for. */
export type AgentReport = {
  readonly event_type: string;
  readonly agent_id: string;
  readonly project_id: string;
  readonly payload: Readonly<Record<string, unknown>>;
};

/** A report, and how long the agent is busy before its next one, in ms. */
export type AgentStep = { readonly report: AgentReport; readonly pauseMs: number };

/** Of a platform's own types, to show that any may be published. */
export const AGENT_MESSAGE = 'AGENT_MESSAGE';

type Task = { readonly id: string; readonly title: string; readonly steps: number; done: number };

/** How likely a working agent gets stuck, fails, or says something instead of getting a step further. */
const ODDS = { stuck: 0.06, failed: 0.03, remark: 0.09 };

/** How long each status lasts before something happens, in ms. */
const PAUSES_MS: Readonly<Record<Status, readonly [from: number, to: number]>> = {
  idle: [1_500, 4_000],
  working: [700, 1_900],
  stuck: [3_000, 6_000],
  failed: [2_500, 4_000],
  completed: [1_500, 3_000],
  cancelled: [1_500, 3_000],
};

/** One agent at work: takes up tasks, makes progress, gets stuck, fails or completes. The same chance, the same life. */
export class SimulatedAgent {
  readonly #role: Role;
  readonly #chance: Chance;
  #status: Status = 'idle';
  #tasks = 0;
  #task: Task | null = null;

  constructor(role: Role, chance: Chance) {
    this.#role = role;
    this.#chance = chance;
  }

  next(): AgentStep {
    const report = this.#act();
    const [from, to] = PAUSES_MS[this.#status];
    return { report, pauseMs: between(this.#chance, from, to) };
  }

  #act(): AgentReport {
    switch (this.#status) {
      case 'idle':
        return this.#begin();
      case 'working':
        return this.#work(this.#task ?? this.#newTask());
      case 'stuck':
        return this.#unblock();
      case 'failed':
      case 'completed':
      case 'cancelled':
        return this.#become('idle', 'Ready for the next task');
    }
  }

  #begin(): AgentReport {
    this.#task = this.#newTask();
    return this.#become('working', this.#task.title);
  }

  #newTask(): Task {
    this.#tasks++;
    return {
      id: `${this.#role.agentId}-task-${this.#tasks}`,
      title: oneOf(this.#chance, this.#role.tasks),
      steps: between(this.#chance, 5, 12),
      done: 0,
    };
  }

  #work(task: Task): AgentReport {
    if (task.done === task.steps) return this.#become('completed', `Done: ${task.title}`);
    const roll = this.#chance();
    if (roll < ODDS.stuck) return this.#become('stuck', this.#trouble());
    if (roll < ODDS.stuck + ODDS.failed) return this.#become('failed', this.#trouble());
    if (roll < ODDS.stuck + ODDS.failed + ODDS.remark) return this.#remark(task);
    task.done++;
    return this.#report(PROGRESS_UPDATE, {
      task_id: task.id,
      current_step: task.done,
      total_steps: task.steps,
      message: task.title,
    });
  }

  #unblock(): AgentReport {
    const roll = this.#chance();
    if (roll < 0.75) return this.#become('working', 'Going on');
    if (roll < 0.9) return this.#become('failed', this.#trouble());
    return this.#become('cancelled', 'Given up: no longer needed');
  }

  #become(status: Status, message: string): AgentReport {
    const task = this.#task;
    const old = this.#status;
    this.#status = status;
    if (status === 'idle') this.#task = null;
    const taskFields =
      task === null || status === 'idle' ? {} : { task_id: task.id, progress: percent(task) };
    return this.#report(AGENT_STATUS_CHANGED, {
      old_status: old,
      new_status: status,
      ...taskFields,
      message,
    });
  }

  #remark(task: Task): AgentReport {
    return this.#report(AGENT_MESSAGE, {
      task_id: task.id,
      message: oneOf(this.#chance, this.#role.remarks),
    });
  }

  #trouble(): string {
    return oneOf(this.#chance, this.#role.troubles);
  }

  #report(eventType: string, payload: AgentReport['payload']): AgentReport {
    const { agentId, projectId } = this.#role;
    return { event_type: eventType, agent_id: agentId, project_id: projectId, payload };
  }
}

const percent = ({ done, steps }: Task): number => Math.round((done / steps) * 100);
