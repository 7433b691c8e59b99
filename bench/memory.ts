import { Redis } from 'ioredis';
import { startRedis } from '../tests/support/redis-server.ts';
import { startServer } from '../tests/support/server-process.ts';
import { statusEvent, Worker } from '../tests/support/worker.ts';
import { runCommand } from './command-line.ts';

const HELP = `npm run bench:memory

Bytes that Redis holds for each event: of its entry in the stream, and of what is known of its id.
`;
const USERS = 50;
const BATCHES = 20;
const EVENTS_A_BATCH = 500;

/** Bytes under the keys that match, all together. */
async function bytesUnder(redis: Redis, pattern: string): Promise<number> {
  let bytes = 0;
  for await (const keys of redis.scanStream({ match: pattern, count: 1_000 })) {
    for (const key of keys as string[]) bytes += Number(await redis.memory('USAGE', key, 'SAMPLES', 0));
  }
  return bytes;
}

async function bench(): Promise<void> {
  const store = await startRedis();
  const redis = new Redis(store.url);
  const server = await startServer({ runtime: 'node', redisUrl: store.url });
  try {
    const worker = new Worker(server.url);
    for (let batch = 0; batch < BATCHES; batch++) {
      const { status } = await worker.batch(
        Array.from({ length: EVENTS_A_BATCH }, (_, n) => statusEvent(`u-${n % USERS}`)),
      );
      if (status !== 202) throw new Error(`a batch got ${status}, wanted 202`);
    }
    const events = BATCHES * EVENTS_A_BATCH;
    const each = async (pattern: string) => Math.round((await bytesUnder(redis, pattern)) / events);
    console.log(`bytes of an event as published    ${JSON.stringify(statusEvent('u-1')).length}`);
    console.log(`bytes in its stream               ${await each('ws:replay:*')}`);
    console.log(`bytes for its id                  ${await each('ws:publish*')}`);
  } finally {
    redis.disconnect();
    await server.stop();
    await store.stop();
  }
}

await runCommand({ help: HELP, options: {}, run: bench });
