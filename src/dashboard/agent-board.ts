import type { ProgressEvent, StatusEvent, StreamEvent } from '../client/index.ts';

export type Task = {
  readonly id: string;
  /** 0 to 100. */
  readonly percent: number;
  readonly step: string;
  /** When it is expected to be done, in ms of the page's clock; null while nobody knows. */
  readonly doneAt: number | null;
  /** Counts the runs that this agent was seen to begin: a bar of another run starts afresh. */
  readonly run: number;
};

/** What is known of one agent. */
export type Agent = {
  readonly id: string;
  readonly project: string;
  readonly status: StatusEvent['payload']['new_status'] | null;
  readonly message: string;
  readonly task: Task | null;
};

type Place = { readonly life: number; readonly sequenceId: number };
type Known = { agent: Agent; statusAt: Place };

const OVER: readonly (string | null)[] = ['completed', 'failed', 'cancelled', 'idle'];
const NOWHERE: Place = { life: -1, sequenceId: 0 };

/** Puts together what each agent does, from events in whatever order they come. No clock, no page. */
export class AgentBoard {
  readonly #agents = new Map<string, Known>();
  /** Epochs as they came: each is newer than those before. */
  readonly #lives: string[] = [];

  /** Takes in an event that came at `now` (ms); gives what is now known of its agent. */
  take(event: StreamEvent, now: number): Agent {
    const { agent_id: id, project_id: project } = event.payload;
    const known = this.#agents.get(id) ?? { agent: newAgent(id), statusAt: NOWHERE };
    this.#agents.set(id, known);
    if (project !== undefined) known.agent = { ...known.agent, project };
    if (event.kind === 'status') this.#takeStatus(known, event);
    if (event.kind === 'progress') known.agent = withProgress(known.agent, event, now);
    return known.agent;
  }

  /** Which life of the stream an epoch is, from 0 on. */
  lifeOf(epoch: string): number {
    const known = this.#lives.indexOf(epoch);
    return known < 0 ? this.#lives.push(epoch) - 1 : known;
  }

  /** A status that comes late changes nothing: what is shown is newer. */
  #takeStatus(known: Known, { epoch, sequence_id: sequenceId, payload }: StatusEvent): void {
    const place = { life: this.lifeOf(epoch), sequenceId };
    if (!isAfter(place, known.statusAt)) return;
    known.statusAt = place;
    const { new_status: status, message = '' } = payload;
    known.agent = { ...known.agent, status, message, task: taskAfter(known.agent, payload) };
  }
}

const newAgent = (id: string): Agent => ({ id, project: '', status: null, message: '', task: null });

const isAfter = (one: Place, other: Place): boolean =>
  one.life === other.life ? one.sequenceId > other.sequenceId : one.life > other.life;

/** Where a bar can be, whatever a number says. */
const withinBar = (percent: unknown): number => Math.min(100, Math.max(0, Number(percent) || 0));

function taskAfter({ task, status: before }: Agent, payload: StatusEvent['payload']): Task | null {
  const { task_id: id, new_status: status } = payload;
  const progress = withinBar(payload.progress);
  if (id === undefined) return status === 'idle' ? null : task;
  const isSame = task?.id === id && !OVER.includes(before);
  const percent = isSame ? Math.max(task.percent, progress) : progress;
  const run = isSame ? task.run : (task?.run ?? 0) + 1;
  return {
    id,
    run,
    percent: status === 'completed' ? 100 : percent,
    step: isSame ? task.step : '',
    // Who is not working has no time left that would run.
    doneAt: isSame && status === 'working' ? task.doneAt : null,
  };
}

/** Within a run it goes forward only; lower numbers of a task that was over are of another run. */
function withProgress(agent: Agent, { payload }: ProgressEvent, now: number): Agent {
  const { task } = agent;
  const { task_id: id, estimated_seconds_remaining: seconds } = payload;
  const percent = withinBar(payload.progress_percent);
  const isBack = task?.id === id && percent < task.percent;
  if (isBack && !OVER.includes(agent.status)) return agent;
  const next = {
    id,
    percent,
    step: `step ${payload.current_step} of ${payload.total_steps}`,
    doneAt: Number.isFinite(seconds) ? now + Number(seconds) * 1_000 : null,
    run: task?.id === id && !isBack ? task.run : (task?.run ?? 0) + 1,
  };
  return { ...agent, message: payload.message ?? agent.message, task: next };
}
