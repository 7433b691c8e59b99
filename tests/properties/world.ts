import { EngineUnavailable } from '../../src/core/ports/engine.ts';
import { CLOSE } from '../../src/protocol/close-codes.ts';
import { seededRandom } from '../support/seeded-random.ts';
import type { TestInstance } from '../support/test-instance.ts';
import { eventOf, TestCluster } from '../support/test-instance.ts';
import { Client, filtersFor } from './client.ts';
import { Broken, Judge } from './judge.ts';
import type { Published } from './ledger.ts';
import { Ledger } from './ledger.ts';
import type { Filter, From, Schedule, Step } from './schedule.ts';
import { Trouble } from './trouble.ts';

const USERS = ['u-1', 'u-2'];
const AGENTS = ['a-0', 'a-1'];
const RETENTION = { windowMs: 10_000, most: 7 };

const CONFIG = {
  replayWindowMs: RETENTION.windowMs,
  maxReplayMessages: RETENTION.most,
  pageEvents: 3,
  sendBufferSize: 5,
  maxConnectionsPerUser: 0,
  connectRatePerAddress: 0,
  // Heartbeats have their own tests; a client that is slow here is not to be cut off.
  heartbeatIntervalMs: 3_600_000,
  heartbeatTimeoutMs: 3_600_000,
};

/** What a world has to get along with. */
export type Terms = {
  /** How often instances compare themselves with the store, in ms. */
  readonly reconcileIntervalMs: number;
  /** How soon everything is right after the last fault, in ms. */
  readonly settledAfterMs: number;
};

type Of<Name extends Step['do']> = Extract<Step, { readonly do: Name }>;
type Acts = { readonly [Name in Step['do']]: (step: Of<Name>) => unknown };
type Site = { readonly instance: TestInstance; readonly trouble: Trouble };

const of = <Item>(items: readonly Item[], index: number): Item => {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
};

/** A cluster with its workers and clients, to which a schedule happens. */
export class World {
  readonly #cluster: TestCluster;
  readonly #sites: readonly Site[];
  readonly #ledger = new Ledger(RETENTION);
  readonly #clients: Client[] = [];
  readonly #terms: Terms;
  #published = 0;

  constructor({ instances, seed, slowMs, rate }: Schedule, terms: Terms) {
    this.#terms = terms;
    this.#cluster = new TestCluster(
      { ...CONFIG, rateLimitPerConnection: rate, reconcileIntervalMs: terms.reconcileIntervalMs },
      seed,
    );
    const random = seededRandom(seed);
    this.#sites = Array.from({ length: instances }, (_, index) => {
      const instance = this.#cluster.instance(`i-${index}`);
      return { instance, trouble: Object.assign(new Trouble(instance, random), { slowMs }) };
    });
  }

  /** @throws Broken when a client saw what it never should, or did not see what it should */
  async live({ steps }: Schedule): Promise<void> {
    for (const step of steps) {
      await (this.#acts[step.do] as (step: Step) => unknown)(step);
      await this.#cluster.clock.settle();
    }
    for (const { trouble } of this.#sites) trouble.end();
    for (const client of this.#clients) client.unblock();
    for (const user of USERS)
      this.#connect(0, { user, filter: null, from: { kind: 'number', sequenceId: 0 } });
    await this.#cluster.clock.advance(this.#terms.settledAfterMs);
    await this.#judge();
  }

  readonly #acts: Acts = {
    publish: (step) => this.#publish(step),
    'publish unheard': ({ at, user }) => this.#publishUnheard(this.#instance(at), of(USERS, user)),
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
    mend: ({ at }) => this.#trouble(at, { isCut: false }).interrupt(),
    interrupt: ({ at }) => this.#trouble(at, {}).interrupt(),
    away: ({ at }) => this.#trouble(at, { isAway: true }),
    back: ({ at }) => this.#trouble(at, { isAway: false }),
    slow: ({ at, milliseconds }) => this.#trouble(at, { slowMs: milliseconds }),
    wait: ({ milliseconds }) => this.#cluster.clock.advance(milliseconds),
    age: () => this.#cluster.clock.advance(RETENTION.windowMs + 1_000),
    flush: () => this.#flush(),
  };

  async #publish({ at, user, agent, count, as }: Of<'publish'>): Promise<void> {
    const one = { user: of(USERS, user), agent: of(AGENTS, agent), as };
    await Promise.all(Array.from({ length: count }, () => this.#publishOne(this.#instance(at), one)));
  }

  async #publishOne(
    { core, clock }: TestInstance,
    { user, agent, as }: Pick<Published, 'user' | 'agent'> & Pick<Of<'publish'>, 'as'>,
  ): Promise<void> {
    const marker = ++this.#published;
    const isEphemeral = as === 'ephemeral';
    const steps = isEphemeral ? { task_id: `t-${marker}`, current_step: 1, total_steps: 2 } : {};
    const event = eventOf({
      event_type: isEphemeral ? 'PROGRESS_UPDATE' : 'NOTE',
      user_id: user,
      agent_id: agent,
      priority: as === 'critical' ? 'critical' : undefined,
      payload: { marker, ...steps },
    });
    const at = clock.now();
    const request = { key: { service: 'worker', id: `${marker}` }, bodyHash: '', events: [event] };
    const answer = await core.routes.publisher.publish(request).catch(unavailable);
    const [result] = answer?.kind === 'results' ? answer.results : [];
    if (result === undefined) return;
    const position = result instanceof EngineUnavailable ? null : positionOf(result);
    this.#ledger.add({ marker, user, agent, at, isEphemeral, position });
  }

  /** The event is taken; its worker never learns. */
  async #publishUnheard(instance: TestInstance, user: string): Promise<void> {
    instance.engine.losesAnswers = (what) => what === 'append';
    await this.#publishOne(instance, { user, agent: of(AGENTS, 0), as: 'normal' });
    instance.engine.losesAnswers = () => false;
  }

  #connect(
    to: number,
    { user, filter, from }: Pick<Of<'connect'>, 'filter' | 'from'> & { user: string },
  ): void {
    const sequenceId = from.kind === 'number' ? from.sequenceId : 0;
    const resumed = from.kind === 'latest' ? null : { epoch: null, sequenceId };
    this.#clients.push(new Client(this.#instance(to), { user, filters: filtersOf(filter), resumed }));
  }

  #resume(to: number, client: Client | undefined, knowsEpoch: boolean): void {
    if (client === undefined) return;
    client.leave();
    const { user, transcript } = client;
    const resumed = { epoch: knowsEpoch ? client.epoch : null, sequenceId: client.sequenceId };
    this.#clients.push(new Client(this.#instance(to), { user, filters: transcript.filters, resumed }));
  }

  #instance(index: number): TestInstance {
    return of(this.#sites, index).instance;
  }

  #client(index: number): Client | undefined {
    const present = this.#clients.filter(({ isOpen }) => isOpen);
    return present.length === 0 ? undefined : of(present, index);
  }

  #trouble(at: number, change: Partial<Trouble>): Trouble {
    return Object.assign(of(this.#sites, at).trouble, change);
  }

  /** Nothing is published in the millisecond of a flush, so that what it took is known. */
  async #flush(): Promise<void> {
    const { clock, store } = this.#cluster;
    await clock.advance(1);
    store.flush();
    this.#ledger.flushed(clock.now());
    await clock.advance(1);
  }

  async #judge(): Promise<void> {
    const ends = await this.#instance(0).memory.streams.ends(USERS);
    for (const client of this.#clients) {
      // One that reads nothing while critical events come is given up (G6, G7).
      if (client.closedWith !== null && client.closedWith !== CLOSE.slowConsumer.code)
        throw new Broken(`closed with ${client.closedWith}`);
      const judge = new Judge(client.transcript, this.#ledger);
      judge.judge();
      const end = ends[USERS.indexOf(client.user)];
      if (client.isOpen && end) judge.judgeEnd(end, this.#cluster.clock.now());
    }
  }
}

const filtersOf = (filter: Filter) => filtersFor(filter?.map((agent) => `a-${agent}`) ?? null);

function positionOf({ epoch, sequenceId }: { epoch: string; sequenceId: number | null }) {
  return sequenceId === null ? null : { epoch, sequenceId };
}

function claimOf(client: Client, from: From, knowsEpoch: boolean) {
  const sequenceId = from.kind === 'number' ? from.sequenceId : client.sequenceId;
  const back = from.kind === 'back' ? from.by : 0;
  return { epoch: knowsEpoch ? client.epoch : null, sequenceId: Math.max(0, sequenceId - back) };
}

function unavailable(error: unknown): null {
  if (error instanceof EngineUnavailable) return null;
  throw error;
}
