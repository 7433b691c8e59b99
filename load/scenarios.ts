import type { PromiseKept } from './promise.ts';
import { replaceAll } from './replacing.ts';
import type { Size } from './size.ts';
import { readSlowly } from './slow-reading.ts';
import type { Stage } from './stage.ts';
import { memoryStaysFlat } from './steady-memory.ts';
import type { Watch } from './watch.ts';

/** What a run has while it lasts. */
export type Run = {
  readonly stage: Stage;
  readonly size: Size;
  readonly watch: Watch;
  /** Aborts once k6 has ended. */
  readonly over: AbortSignal;
};

/** What the runner does itself beside k6. Called before k6 starts; what it gives is called when k6 has ended, and judges. */
export type Accompaniment = (run: Run) => Promise<() => Promise<PromiseKept[]>>;

export const SCALES = ['duration', 'rate', 'missed', 'slow'] as const;

export type Scale = (typeof SCALES)[number];

export type Scenario = {
  readonly about: string;
  readonly size: Size;
  /** One run for each number of instances. */
  readonly instances: readonly number[];
  /** Options that change what it does, beside --connections, --instances and --runtime. */
  readonly scales: readonly Scale[];
  /** Beside the limits that its size asks for. */
  readonly env?: Readonly<Record<string, string>>;
  readonly accompany?: Accompaniment;
};

const PROMISED: Size = {
  connections: 10_000,
  seconds: 30,
  eventsPerSecond: 100,
  missed: 0,
  slowReaders: 0,
};

/** Each is the file of that name in k6/, which has its thresholds; here is how large it is by default. */
export const scenarios = {
  smoke: {
    about: 'seconds: everything small, on two instances',
    size: { connections: 100, seconds: 1, eventsPerSecond: 100, missed: 5, slowReaders: 0 },
    instances: [2],
    scales: ['duration', 'rate', 'missed'],
  },
  connections: {
    about: 'held sockets, over one and over three instances',
    size: PROMISED,
    instances: [1, 3],
    scales: ['duration', 'rate'],
  },
  throughput: {
    about: '1,000 events a second to 10,000 sockets: 10,000 deliveries a second; one by one, then in batches',
    size: { ...PROMISED, eventsPerSecond: 1_000 },
    instances: [1],
    scales: ['duration', 'rate'],
  },
  'reconnect-storm': {
    about: 'all sockets cut at once, events missed, all back at once',
    size: { ...PROMISED, missed: 100 },
    instances: [1],
    scales: ['missed'],
  },
  'rolling-restart': {
    about: 'instances drain and start again, one by one',
    size: { ...PROMISED, seconds: 300 },
    instances: [3],
    scales: ['duration', 'rate'],
    env: { WS_DRAIN_TIMEOUT: '10s' },
    accompany: replaceAll,
  },
  'slow-consumers': {
    about: 'sockets that read nothing or 1 KB a second, beside others of the same users',
    size: { ...PROMISED, connections: 200, seconds: 60, eventsPerSecond: 200, slowReaders: 100 },
    instances: [1],
    scales: ['duration', 'rate', 'slow'],
    accompany: readSlowly,
  },
  soak: {
    about: 'half an hour, sockets that come and go; memory stays flat',
    size: { ...PROMISED, seconds: 1_800 },
    instances: [1],
    scales: ['duration', 'rate'],
    accompany: memoryStaysFlat,
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof scenarios;

export const scenarioNames = Object.keys(scenarios) as ScenarioName[];
