import { EngineUnavailable } from '../../src/core/ports/engine.ts';
import { seededRandom } from '../support/seeded-random.ts';
import type { TestInstance } from '../support/test-instance.ts';
import { eventOf, TestCluster } from '../support/test-instance.ts';
import { Client, filtersFor } from './client.ts';
import { Broken, Judge } from './judge.ts';
import { Ledger } from './ledger.ts';
import type { Filter, From, Schedule, Step } from './schedule.ts';

const USERS = ['u-1', 'u-2'];
const AGENTS = ['a-0', 'a-1'];
const RETENTION = { windowMs: 10_000, most: 7 };
/** How long a loss may go unrepaired (G4), in ms. */
const REPAIR_MS = 5_000;

const CONFIG = {
  replayWindowMs: RETENTION.windowMs,
  maxReplayMessages: RETENTION.most,
  pageEvents: 3,
  sendBufferSize: 5,
  reconcileIntervalMs: 2_000,
  maxConnectionsPerUser: 0,
  connectRatePerAddress: 0,
  // Heartbeats have their own tests; a client that is slow here is not to be cut off.
  heartbeatIntervalMs: 3_600_000,
  heartbeatTimeoutMs: 3_600_000,
};

type Of<Name extends Step['do']> = Extract<Step, { readonly do: Name }>;
type Acts = { readonly [Name in Step['do']]: (step: Of<Name>) => void | Promise<void> };

/** What goes wrong between one instance and the store at present. */
type Trouble = { lost: number; doubled: number; laterMs: number; isCut: boolean; slowMs: number };

const of = <Item>(items: readonly Item[], index: number): Item => {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
};

/** A cluster with its workers and clients, to which a schedule happens. */
export class World {
  readonly #cluster: TestCluster;
  readonly #instances: readonly TestInstance[];
  readonly #troubles = new Map<TestInstance, Trouble>();
  readonly #ledger = new Ledger(RETENTION);
  readonly #clients: Client[] = [];
  readonly #random: ReturnType<typeof seededRandom>;
  #published = 0;

  constructor({ instances, seed }: Schedule) {
    this.#cluster = new TestCluster(CONFIG, seed);
    this.#random = seededRandom(seed);
    this.#instances = Array.from({ length: instances }, (_, index) => this.#cluster.instance(`i-${index}`));
    for (const instance of this.#instances) this.#makeFallible(instance);
  }

  /** @throws Broken when a client saw what it never should, or did not see what it should */
  async live({ steps }: Schedule): Promise<void> {
    for (const step of steps) {
      await (this.#acts[step.do] as (step: Step) => void | Promise<void>)(step);
      await this.#cluster.clock.settle();
    }
    this.#heal();
    for (const user of USERS)
      this.#connect(0, { user, filter: null, from: { kind: 'number', sequenceId: 0 } });
    await this.#cluster.clock.advance(REPAIR_MS);
    await this.#judge();
  }

  readonly #acts: Acts = {
    publish: (step) => this.#publish(step),
    'publish unheard': ({ at, user }) => this.#publishUnheard(of(this.#instances, at), of(USERS, user)),
    connect: ({ to, user, filter, from }) => this.#connect(to, { user: of(USERS, user), filter, from }),
    resume: ({ to, connection, knowsEpoch }) => this.#resume(to, this.#client(connection), knowsEpoch),
    leave: ({ connection }) => this.#client(connection)?.leave(),
    replay: ({ connection, from, knowsEpoch }) => {
      const client = this.#client(connection);
      if (client !== undefined) client.replay(claimOf(client, from, knowsEpoch));
    },
    subscribe: ({ connection, filter, from }) => {
      const client = this.#client(connection);
      client?.subscribe(filtersOf(filter), from === null ? null : claimOf(client, from, true));
    },
    unsubscribe: ({ connection, agent }) => this.#client(connection)?.unsubscribe(of(AGENTS, agent)),
    block: ({ connection }) => this.#client(connection)?.block(),
    unblock: ({ connection }) => this.#client(connection)?.unblock(),
    read: ({ connection, frames }) => this.#client(connection)?.read(frames),
    'lose hand-overs': ({ at, count }) => this.#trouble(at, { lost: count }),
    'double hand-overs': ({ at, count, laterMs }) => this.#trouble(at, { doubled: count, laterMs }),
    cut: ({ at }) => this.#trouble(at, { isCut: true }),
    mend: ({ at }) => {
      this.#trouble(at, { isCut: false });
      of(this.#instances, at).memory.handover.interrupt();
    },
    interrupt: ({ at }) => of(this.#instances, at).memory.handover.interrupt(),
    away: ({ at }) => {
      of(this.#instances, at).engine.isAway = true;
    },
    back: ({ at }) => {
      of(this.#instances, at).engine.isAway = false;
    },
    slow: ({ at, milliseconds }) => this.#trouble(at, { slowMs: milliseconds }),
    wait: ({ milliseconds }) => this.#cluster.clock.advance(milliseconds),
    age: () => this.#cluster.clock.advance(RETENTION.windowMs + 1_000),
    flush: () => this.#flush(),
  };

  async #publish({ at, user, agent, count, as }: Of<'publish'>): Promise<void> {
    const instance = of(this.#instances, at);
    const one = { user: of(USERS, user), agent: of(AGENTS, agent), as };
    await Promise.all(Array.from({ length: count }, () => this.#publishOne(instance, one)));
  }

  async #publishOne(
    { core, clock }: TestInstance,
    { user, agent, as }: { user: string; agent: string; as: Of<'publish'>['as'] },
  ): Promise<void> {
    const marker = ++this.#published;
    const isEphemeral = as === 'ephemeral';
    const event = eventOf({
      event_type: isEphemeral ? 'PROGRESS_UPDATE' : 'NOTE',
      user_id: user,
      agent_id: agent,
      priority: as === 'critical' ? 'critical' : undefined,
      payload: {
        marker,
        ...(isEphemeral ? { task_id: `t-${marker}`, current_step: 1, total_steps: 2 } : {}),
      },
    });
    const published = { marker, user, agent, at: clock.now(), isEphemeral };
    const request = { key: { service: 'worker', id: `${marker}` }, bodyHash: '', events: [event] };
    const answer = await core.routes.publisher.publish(request).catch(unavailable);
    const result = answer?.kind === 'results' ? answer.results[0] : undefined;
    if (result === undefined) return;
    const isHeard = !(result instanceof EngineUnavailable) && result.sequenceId !== null;
    const position = isHeard ? { epoch: result.epoch, sequenceId: result.sequenceId } : null;
    this.#ledger.add({ ...published, position: position as { epoch: string; sequenceId: number } | null });
  }

  /** The event is taken; its worker never learns. */
  async #publishUnheard(instance: TestInstance, user: string): Promise<void> {
    instance.engine.losesAnswers = (what) => what === 'append';
    await this.#publishOne(instance, { user, agent: of(AGENTS, 0), as: 'normal' });
    instance.engine.losesAnswers = () => false;
  }

  #connect(to: number, { user, filter, from }: { user: string; filter: Filter; from: From }): void {
    const resumed =
      from.kind === 'latest' ? null : { epoch: null, sequenceId: from.kind === 'back' ? 0 : from.sequenceId };
    this.#clients.push(new Client(of(this.#instances, to), { user, filters: filtersOf(filter), resumed }));
  }

  #resume(to: number, client: Client | undefined, knowsEpoch: boolean): void {
    if (client === undefined) return;
    client.leave();
    const { user, transcript } = client;
    const resumed = { epoch: knowsEpoch ? client.epoch : null, sequenceId: client.sequenceId };
    this.#clients.push(new Client(of(this.#instances, to), { user, filters: transcript.filters, resumed }));
  }

  #client(index: number): Client | undefined {
    const present = this.#clients.filter(({ isOpen }) => isOpen);
    return present.length === 0 ? undefined : of(present, index);
  }

  #trouble(at: number, change: Partial<Trouble>): void {
    const trouble = this.#troubles.get(of(this.#instances, at));
    if (trouble !== undefined) Object.assign(trouble, change);
  }

  /** Nothing is published in the millisecond of a flush, so that what it took is known. */
  async #flush(): Promise<void> {
    const { clock, store } = this.#cluster;
    await clock.advance(1);
    store.flush();
    this.#ledger.flushed(clock.now());
    await clock.advance(1);
  }

  #makeFallible(instance: TestInstance): void {
    const trouble: Trouble = { lost: 0, doubled: 0, laterMs: 0, isCut: false, slowMs: 0 };
    this.#troubles.set(instance, trouble);
    const { engine, memory } = instance;
    const delay = (): number => Math.round(this.#random.fraction() * trouble.slowMs);
    memory.handover.lose(() => trouble.isCut || trouble.lost-- > 0);
    // Nothing tells an ephemeral event from its double.
    engine.doubles = ({ header }) =>
      header.position !== null && trouble.doubled-- > 0 ? trouble.laterMs : null;
    engine.handoverMs = delay;
    // Publishing is in no hurry, and a ledger that knows when each event was taken is worth more.
    engine.questionMs = (what) => (what === 'append' || what === 'claim' ? 0 : delay());
    engine.answerMs = engine.questionMs;
  }

  /** From now on nothing fails, and everybody reads. What was lost stays lost, and nobody is told. */
  #heal(): void {
    for (const trouble of this.#troubles.values()) {
      Object.assign(trouble, { lost: 0, doubled: 0, isCut: false, slowMs: 0 });
    }
    for (const { engine } of this.#instances) engine.isAway = false;
    for (const client of this.#clients) client.unblock();
  }

  async #judge(): Promise<void> {
    const ends = await of(this.#instances, 0).memory.streams.ends(USERS);
    for (const client of this.#clients) {
      if (client.closedWith !== null) throw new Broken(`closed with ${JSON.stringify(client.closedWith)}`);
      const judge = new Judge(client.transcript, this.#ledger);
      judge.judge();
      const end = ends[USERS.indexOf(client.user)];
      if (client.isOpen && end) judge.judgeEnd(end, this.#cluster.clock.now());
    }
  }
}

const filtersOf = (filter: Filter) => filtersFor(filter?.map((agent) => `a-${agent}`) ?? null);

function claimOf(client: Client, from: From, knowsEpoch: boolean) {
  const sequenceId = from.kind === 'number' ? from.sequenceId : client.sequenceId;
  const back = from.kind === 'back' ? from.by : 0;
  return { epoch: knowsEpoch ? client.epoch : null, sequenceId: Math.max(0, sequenceId - back) };
}

function unavailable(error: unknown): null {
  if (error instanceof EngineUnavailable) return null;
  throw error;
}
