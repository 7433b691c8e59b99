import type { MemoryEngine } from '../../src/adapters/memory/engine.ts';
import { createMemoryEngine } from '../../src/adapters/memory/engine.ts';
import { MemoryStore } from '../../src/adapters/memory/store.ts';
import type { AdmissionResult } from '../../src/core/admission.ts';
import type { InstanceConfig } from '../../src/core/instance.ts';
import { createInstance } from '../../src/core/instance.ts';
import type { EngineOptions } from '../../src/core/limits.ts';
import type { Log, LogFields } from '../../src/core/ports/log.ts';
import type { Tracing } from '../../src/core/ports/tracing.ts';
import type { PublishResult } from '../../src/core/publisher.ts';
import { parseConnectRequest } from '../../src/protocol/connect-request.ts';
import type { AgentEvent } from '../../src/protocol/events.ts';
import { parseEvent } from '../../src/protocol/events.ts';
import { FakeSocket } from './fake-socket.ts';
import { FaultyEngine } from './faulty-engine.ts';
import { ManualClock } from './manual-clock.ts';
import { countsOf, parseMetrics } from './metrics-text.ts';
import { seededRandom } from './seeded-random.ts';
import { testMetrics } from './test-metrics.ts';

export type TestConfig = InstanceConfig & EngineOptions;

/** The defaults of the contract (§2), with small pages. */
export const DEFAULTS: TestConfig = {
  instanceId: 'i-1',
  heartbeatIntervalMs: 30_000,
  heartbeatTimeoutMs: 10_000,
  heartbeatMisses: 3,
  replayWindowMs: 300_000,
  maxReplayMessages: 1_000,
  sendBufferSize: 100,
  queueTtlMs: 5_000,
  rateLimitPerConnection: 0,
  rateLimitGlobal: 0,
  progressWindowMs: 100,
  pageEvents: 10,
  drainTimeoutMs: 30_000,
  maxConnectionsPerInstance: 10_000,
  maxConnectionsPerUser: 20,
  connectRatePerAddress: 300,
  reconcileIntervalMs: 2_000,
};

export type LogLine = { readonly level: string; readonly message: string; readonly fields: LogFields };

/** A log that tests can read. */
export function recordingLog(): Log & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void =>
      void lines.push({ level, message, fields });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** An event of agent a-1 of user u-1 that a worker publishes, as far as `fields` do not say otherwise. */
export function eventOf(fields: Readonly<Record<string, unknown>> = {}): AgentEvent {
  const result = parseEvent({ event_type: 'NOTE', user_id: 'u-1', agent_id: 'a-1', payload: {}, ...fields });
  if (result.kind === 'faults') throw new Error(JSON.stringify(result.faults));
  return result.event;
}

export type ConnectOptions = {
  readonly user?: string;
  readonly address?: string;
  /** When the token expires, in ms since 1970; absent: never. */
  readonly tokenExpiresAt?: number;
  /** The query of `GET /ws/agents`, but for the token. */
  readonly query?: string;
};

/** One instance of a test cluster, from the accepted upgrade on. */
export class TestInstance {
  readonly clock: ManualClock;
  readonly store: MemoryStore;
  readonly memory: MemoryEngine;
  readonly engine: FaultyEngine;
  readonly log = recordingLog();
  readonly metrics = testMetrics();
  readonly core: ReturnType<typeof createInstance>;

  constructor({ clock, random, store }: TestCluster, config: TestConfig, tracing: Tracing | null = null) {
    this.clock = clock;
    this.store = store;
    this.memory = createMemoryEngine({ ...config, clock, random }, store);
    this.engine = new FaultyEngine(this.memory, clock);
    const { engine, log, metrics } = this;
    const parts = { config, engine, clock, random, log, metrics, tracing };
    this.core = createInstance({ ...parts, hostname: 'box', historySize: 1_024 });
  }

  /** What an upgrade is answered with. */
  apply(options: ConnectOptions = {}): Promise<AdmissionResult> {
    const { user = 'u-1', address = '192.0.2.1', tokenExpiresAt = null, query = '' } = options;
    const parsed = parseConnectRequest(new URLSearchParams(query));
    if (parsed.kind === 'faults') throw new Error(JSON.stringify(parsed.faults));
    return this.core.routes.admission.admit({ userId: user, address, tokenExpiresAt }, parsed.request);
  }

  /** An accepted connection, what it reads at once read. */
  async connect(options: ConnectOptions = {}, socket = new FakeSocket()): Promise<FakeSocket> {
    const result = await this.apply(options);
    if (result.kind === 'refused') throw new Error(JSON.stringify(result.problem));
    socket.open(result.acceptance.handlers);
    await this.clock.settle();
    return socket;
  }

  /** Publishes one event under an id of its own, or the one given. */
  async publish(fields: Readonly<Record<string, unknown>> = {}, id?: string): Promise<PublishResult> {
    const key = { service: 'worker', id: id ?? `m-${++published}` };
    const result = await this.core.routes.publisher.publish({
      key,
      bodyHash: JSON.stringify(fields),
      events: [eventOf(fields)],
    });
    await this.clock.settle();
    return result;
  }

  /** Publishes so many events, each with its number as `payload.n`, from 1 on. */
  async publishMany(count: number, fields: Readonly<Record<string, unknown>> = {}): Promise<void> {
    for (let n = 1; n <= count; n++) await this.publish({ payload: { n }, ...fields });
  }
}

let published = 0;

/** Instances on one store, in one time. */
export class TestCluster {
  readonly clock = new ManualClock();
  readonly store = new MemoryStore();
  readonly random: ReturnType<typeof seededRandom>;
  readonly #config: Partial<TestConfig>;

  constructor(config: Partial<TestConfig> = {}, seed = 1) {
    this.#config = config;
    this.random = seededRandom(seed);
  }

  instance(
    instanceId = 'i-1',
    config: Partial<TestConfig> = {},
    tracing: Tracing | null = null,
  ): TestInstance {
    return new TestInstance(this, { ...DEFAULTS, ...this.#config, ...config, instanceId }, tracing);
  }
}

/** One instance by itself. */
export const aloneInstance = (
  config: Partial<TestConfig> = {},
  tracing: Tracing | null = null,
): TestInstance => new TestCluster(config).instance('i-1', {}, tracing);

/** What an instance counts that is not zero. */
export const countsOfInstance = async ({ core, metrics }: TestInstance): Promise<Record<string, number>> =>
  countsOf(parseMetrics(await metrics.scrape(core.reading())));
