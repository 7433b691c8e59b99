import type { Connection } from './connection.ts';
import { ANSWER_WITHIN_MS, Deadline } from './deadline.ts';
import type { Happening, History } from './history.ts';
import type { Clock } from './ports/clock.ts';
import type { Engine, EventHeader, EventRecord, Order, Tail } from './ports/engine.ts';
import { EngineUnavailable } from './ports/engine.ts';
import type { Random } from './ports/random.ts';

/** How often is looked whether the other instances have answered, in ms. */
const LOOK_MS = 50;
/** How long they are waited for, from the question on, in ms: less than an operator is kept waiting. */
const WAIT_MS = 1_200;
/** Of a user with very many connections, the newest happenings on one instance are enough. */
const MOST_HAPPENINGS = 1_000;

export type ExplainerOptions = {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly instanceId: string;
  readonly history: History;
  readonly connections: ReadonlyMap<string, Connection>;
};

/** What one instance knows of an event. */
export type Account = {
  /** Connections of the user that it has now. */
  readonly connections: number;
  /** Wall-clock ms since when it knows everything; null where it has forgotten nothing yet. */
  readonly since: number | null;
  /** Older happenings that there was no room for. */
  readonly leftOut: number;
  readonly happenings: readonly Happening[];
};

/** Where an event stands in the log; `epoch_changed` numbers were never given out, or lost with an earlier epoch (G4). */
export type LogState = 'kept' | 'expired' | 'trimmed' | 'epoch_changed' | 'not_published';

/** What the log knows of an event. */
export type LogAccount = {
  readonly state: LogState;
  readonly tail: Tail;
  /** While it is kept. */
  readonly event: (EventHeader & { readonly timestamp: string }) | null;
};

export type Explanation = {
  /** null where the user has no stream: nothing was published within a week, or everything was lost. */
  readonly log: LogAccount | null;
  /** By instance id; null of one that did not answer in time. */
  readonly accounts: ReadonlyMap<string, Account | null>;
};

/** Tells operators what happened to one event, on every instance. The others are asked as orders are given. */
export class Explainer {
  readonly #options: ExplainerOptions;

  constructor(options: ExplainerOptions) {
    this.#options = options;
  }

  /** @throws EngineUnavailable; what other instances do not say in time is missing from the answer instead */
  async explain(userId: string, sequenceId: number): Promise<Explanation> {
    const deadline = new Deadline(this.#options.clock, ANSWER_WITHIN_MS);
    try {
      const asking = Promise.all([this.#logOf(userId, sequenceId), this.#accounts(userId, sequenceId)]);
      const [log, accounts] = await deadline.wait(asking);
      return { log, accounts };
    } finally {
      deadline.end();
    }
  }

  /** Another instance asked. */
  async answer(order: Order): Promise<void> {
    const [sequenceId = '', userId = ''] = order.subject.split(' ');
    const account = this.#account(userId, Number(sequenceId));
    // Who asked is told that this instance did not answer.
    await ifAvailable(this.#options.engine.orders.answer(order, JSON.stringify(account)));
  }

  #account(userId: string, sequenceId: number): Account {
    const { history, connections } = this.#options;
    const all = history.of(userId, sequenceId);
    const happenings = all.slice(-MOST_HAPPENINGS);
    let count = 0;
    for (const { ticket } of connections.values()) if (ticket.userId === userId) count++;
    return {
      connections: count,
      since: history.since,
      leftOut: all.length - happenings.length,
      happenings,
    };
  }

  async #accounts(userId: string, sequenceId: number): Promise<Map<string, Account | null>> {
    const { clock, engine, instanceId, random } = this.#options;
    const until = clock.elapsed() + WAIT_MS;
    const instances = await engine.registry.instances();
    const others = instances.map((instance) => instance.instanceId).filter((id) => id !== instanceId);
    const order: Order = { orderId: random.id(), kind: 'explain', subject: `${sequenceId} ${userId}` };
    const answers = await this.#ask(others, order, until);
    const own = [instanceId, this.#account(userId, sequenceId)] as const;
    return new Map([own, ...others.map((id) => [id, accountOf(answers.get(id))] as const)]);
  }

  /** What others leave until then. Whom the engine does not reach, or keeps from answering, leaves nothing. */
  async #ask(others: readonly string[], order: Order, until: number): Promise<ReadonlyMap<string, string>> {
    const { clock, engine } = this.#options;
    const { orders } = engine;
    let answers: ReadonlyMap<string, string> = new Map();
    let isOver = false;
    const silent = () => others.filter((instanceId) => !answers.has(instanceId));
    const look = async () => {
      await Promise.all(others.map((instanceId) => ifAvailable(orders.put(instanceId, order))));
      while (!isOver && silent().length > 0) {
        await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
        answers = (await ifAvailable(orders.answers(order))) ?? answers;
      }
    };
    // An engine that is slow must not make an answer late that has all the others.
    await new Promise<void>((resolve, reject) => {
      const stop = clock.after(Math.max(0, until - clock.elapsed()), resolve);
      look().then(resolve, reject).finally(stop);
    });
    isOver = true;
    // Nobody waits for what they would say when they are back.
    for (const instanceId of silent()) void ifAvailable(orders.takeBack(instanceId, order));
    return answers;
  }

  async #logOf(userId: string, sequenceId: number): Promise<LogAccount | null> {
    const { streams } = this.#options.engine;
    // To read a stream begins it: a user who was mistyped must not have one from now on.
    const [end] = await streams.ends([userId]);
    if (end === null) return null;
    if (end === undefined)
      throw new EngineUnavailable('the part of the engine with this user does not answer');
    const { tail, records } = await streams.read(userId, sequenceId - 1);
    const record = records.find(({ header }) => header.position?.sequenceId === sequenceId);
    return { state: stateOf(sequenceId, tail), tail, event: record === undefined ? null : eventOf(record) };
  }
}

const accountOf = (text: string | undefined): Account | null =>
  text === undefined ? null : (JSON.parse(text) as Account);

/** What the engine says; null where it does not. */
async function ifAvailable<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof EngineUnavailable) return null;
    throw error;
  }
}

const utf8 = new TextDecoder();

function eventOf({ header, frame }: EventRecord): LogAccount['event'] {
  const { timestamp } = JSON.parse(utf8.decode(frame)) as { timestamp: string };
  return { ...header, timestamp };
}

/** Where a sequence id stands, seen from the end of its stream. */
export function stateOf(sequenceId: number, tail: Tail): LogState {
  const { oldest, previous, firstOfEpoch, trimmedTo } = tail;
  if (sequenceId > tail.sequenceId) return 'not_published';
  if (previous !== null && sequenceId > previous.sequenceId && sequenceId < firstOfEpoch)
    return 'epoch_changed';
  if (sequenceId >= oldest) return 'kept';
  return sequenceId <= trimmedTo ? 'trimmed' : 'expired';
}
