import { startRedis } from '../../tests/support/redis-server.ts';
import { type Bytes, bytesOfIdle } from '../idle.ts';
import { connectingLoad } from '../load/connecting.ts';
import { deliveringLoad } from '../load/delivering.ts';
import { accountText } from './account.ts';
import { FAULTS, type Fault, strike } from './faults.ts';
import { type Rate, ratesOf } from './rates.ts';
import { type Recovery, type RecoveryOptions, RecoveryStage } from './recovery.ts';
import { type Reading, type Row, rowOf } from './row.ts';
import { AGENTCAST, PEER, type Side } from './sides.ts';
import { watchedPublishing } from './watched-publishing.ts';

const IDLE = 4_000;

/** Something that both sides do; gives lines of the table. */
export type Measurement = { readonly name: string; run(rounds: number): Promise<readonly Row[]> };

const rate = (measured: Rate): Measurement => ({
  name: measured.name,
  run: (rounds) => ratesOf(measured, rounds),
});

const delivering = (name: string, burst: number): Measurement =>
  rate({ name, load: (port, dialect) => deliveringLoad(port, { clients: 1_000, burst, dialect }) });

const MEMORY: Measurement = {
  name: 'memory of an idle connection',
  async run(rounds) {
    const bytes: { ours: Bytes[]; theirs: Bytes[] } = { ours: [], theirs: [] };
    for (let round = 0; round < rounds; round++) {
      bytes.ours.push(await idleBytes(AGENTCAST));
      bytes.theirs.push(await idleBytes(PEER));
    }
    const reading = (what: string, of: keyof Bytes): Reading<Bytes> => ({
      what: `${MEMORY.name}: ${what}, KB`,
      of: (measured) => measured[of] / 1_024,
      better: 'less',
      digits: 1,
    });
    return [rowOf(bytes, reading('resident', 'resident')), rowOf(bytes, reading('heap', 'heap'))];
  },
};

async function idleBytes(side: Side): Promise<Bytes> {
  const redis = await startRedis();
  try {
    return await bytesOfIdle(side.instance(redis.url), IDLE, side.dialect);
  } finally {
    await redis.stop();
  }
}

const RECOVERY_READINGS: readonly Reading<Recovery>[] = [
  { what: 'caught up, p50 ms', of: ({ p50Ms }) => p50Ms, better: 'less' },
  { what: 'caught up, p95 ms', of: ({ p95Ms }) => p95Ms, better: 'less' },
  { what: 'server CPU of each, ms', of: (measured) => measured.serverCpuMsOfEach, better: 'less', digits: 2 },
  { what: 'Redis CPU of each, ms', of: (measured) => measured.redisCpuMsOfEach, better: 'less', digits: 2 },
];

const recovering = (name: string, options: RecoveryOptions): Measurement => ({
  name,
  async run(rounds) {
    const [ours, theirs] = [await RecoveryStage.start(AGENTCAST), await RecoveryStage.start(PEER)];
    const measured: { ours: Recovery[]; theirs: Recovery[] } = { ours: [], theirs: [] };
    try {
      for (let round = 0; round < rounds; round++) {
        measured.ours.push(await ours.round(options));
        measured.theirs.push(await theirs.round(options));
      }
    } finally {
      await Promise.all([ours.stop(), theirs.stop()]);
    }
    return RECOVERY_READINGS.map((reading) =>
      rowOf(measured, { ...reading, what: `${name}: ${reading.what}` }),
    );
  },
});

const failing = (fault: Fault): Measurement => ({
  name: fault.name,
  async run() {
    const [ours, theirs] = [await strike(AGENTCAST, fault), await strike(PEER, fault)];
    return [{ what: fault.name, cells: [accountText(ours), accountText(theirs), ''] }];
  },
});

/** All that is measured, in the order of the table. */
export const MEASUREMENTS: readonly Measurement[] = [
  delivering('deliveries to 1,000 clients, one by one', 1),
  delivering('deliveries to 1,000 clients, bursts of 10', 10),
  rate({ name: 'publishes, one a request, one watcher', load: watchedPublishing }),
  rate({ name: 'connections opened', load: connectingLoad }),
  MEMORY,
  recovering('1,000 of one user come back, 100 missed', { clients: 1_000, missed: 100, own: false }),
  recovering('100 of a user each come back, 100 missed', { clients: 100, missed: 100, own: true }),
  ...FAULTS.map(failing),
];
