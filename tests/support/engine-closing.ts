import process from 'node:process';
import { createRedisEngine } from '../../src/adapters/redis/engine.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { systemRandom } from '../../src/adapters/system/random.ts';
import type { Engine } from '../../src/core/ports/engine.ts';

// A process that makes an engine, closes it in the situation that it is told, and then ends by itself: whatever the
// engine left open keeps it alive. Writes one line of JSON: what became of the calls that were under way, and how long
// it was kept alive, in ms.

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const quiet = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await quiet(1);
}

type Situation = (engine: Engine, redisPid: number) => Promise<Promise<unknown>[]>;

const asking = ({ streams, handover, registry, probe }: Engine): Promise<unknown>[] => [
  streams.open('u-closing'),
  streams.claim({ service: 'worker', id: 'closing' }, 'body'),
  streams.ends(['u-closing']),
  handover.subscribe('u-closing'),
  registry.instances(),
  probe(),
];

const situations: Record<string, Situation> = {
  'not yet connecting': async () => [],
  'waiting for a connection': async (engine) => [engine.connect(60_000)],
  'between two attempts': async (engine) => {
    await until(() => engine.unavailable()?.includes('reconnecting') ?? false);
    return [engine.connect(60_000), ...asking(engine)];
  },
  connected: async (engine) => {
    await engine.connect(10_000);
    return [];
  },
  'just asked': async (engine) => {
    await engine.connect(10_000);
    return asking(engine);
  },
  'asked a frozen Redis': async (engine, redisPid) => {
    await engine.connect(10_000);
    process.kill(redisPid, 'SIGSTOP');
    const calls = asking(engine);
    await quiet(50);
    return calls;
  },
  'introducing itself to a frozen Redis': async (engine) => {
    await until(
      () => engine.unavailable() === 'Redis: the command link is connected, and gets no answer yet',
    );
    return asking(engine);
  },
};

const [name = '', url = '', redisPid = ''] = process.argv.slice(2);
const limits = { maxConnectionsPerUser: 20, connectRatePerAddress: 300 };
const log = { replayWindowMs: 300_000, maxReplayMessages: 1_000, pageEvents: 100 };
const ports = { clock: systemClock, random: systemRandom, log: silent };
const engine = createRedisEngine({ ...limits, ...log, ...ports, instanceId: 'i-closing', urls: [url] });
const calls = (await situations[name]?.(engine, Number(redisPid))) ?? [];
const outcomes = calls.map((call) =>
  call.then(
    () => 'answered',
    (error: Error) => error.name,
  ),
);
await engine.close();
const settled = await Promise.all(outcomes);
const closedAt = performance.now();
process.on('exit', () => {
  const lingeredMs = performance.now() - closedAt;
  process.stdout.write(`${JSON.stringify({ outcomes: settled, lingeredMs })}\n`);
});
