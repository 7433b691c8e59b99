import { Redis } from 'ioredis';
import { wholeNumber } from '../src/cli/whole-number.ts';
import { BATCH, REFRESH_MS } from '../src/core/registrar.ts';
import { NO_FILTERS } from '../src/protocol/filters.ts';
import { connected, redisEngine } from '../tests/support/engine-rig.ts';
import { startRedis } from '../tests/support/redis-server.ts';
import { runCommand } from './command-line.ts';
import { cpuSecondsOf } from './redis-cpu.ts';

const HELP = `npm run bench:registry [-- --connections 10000]

What it costs Redis that one instance keeps its connections in the registry, each of a user of its own.
`;

/** How often any command was called, and those that came over the link alone. */
async function callsOf(redis: Redis): Promise<{ all: number; sent: number; cpuMs: number }> {
  const [stats, cpuSeconds] = await Promise.all([redis.info('commandstats'), cpuSecondsOf(redis)]);
  const calls = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)];
  const sum = (of: typeof calls) => of.reduce((total, [, , count]) => total + Number(count), 0);
  const sent = calls.filter(([, name]) => name === 'evalsha');
  return { all: sum(calls), sent: sum(sent), cpuMs: 1_000 * cpuSeconds };
}

async function bench(connections: number): Promise<void> {
  const server = await startRedis();
  const operator = new Redis(server.url);
  const engine = await connected(redisEngine(server.url));
  try {
    const now = Date.now();
    const entries = Array.from({ length: connections }, (_, n) => ({
      connectionId: `connection-${n}-of-this-benchmark`,
      userId: `user-${n}`,
      connectedAt: now,
      lastHeartbeat: now,
      filters: NO_FILTERS,
      lastSequenceId: n,
      isDraining: false,
    }));
    const refreshAll = async () => {
      for (let start = 0; start < connections; start += BATCH)
        await engine.registry.refresh(entries.slice(start, start + BATCH));
    };
    await refreshAll();
    const before = await callsOf(operator);
    await refreshAll();
    const after = await callsOf(operator);
    const perSecond = (count: number) => (count / (REFRESH_MS / 1_000)).toFixed(1);
    console.log(`${connections} connections, each refreshed every ${REFRESH_MS / 1_000} s; per second:`);
    console.log(`commands sent           ${perSecond(after.sent - before.sent)}`);
    console.log(`with those of scripts   ${perSecond(after.all - before.all)}`);
    console.log(`CPU of Redis            ${perSecond(after.cpuMs - before.cpuMs)} ms`);
  } finally {
    operator.disconnect();
    await engine.close();
    await server.stop();
  }
}

await runCommand({
  help: HELP,
  options: { connections: { type: 'string', default: '10000' } },
  run: ({ connections }) => bench(wholeNumber('--connections', connections, 1)),
});
