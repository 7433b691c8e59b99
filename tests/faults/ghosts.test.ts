import { expect, test } from 'vitest';
import { keysNamed } from '../support/engine-redis.ts';
import { eventually, FaultStage, operator, startFragileRedis } from '../support/fault-stage.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { newUser } from '../support/tokens.ts';

const CONNECTIONS = 300;

const idOf = (server: ServerProcess): string => String(server.logs()[0]?.instance_id);

test('G9: an instance is killed, and another one clears what it left', async () => {
  const redis = await startFragileRedis();
  const env = { WS_CONNECT_RATE_PER_ADDRESS: '0' };
  const stage = await FaultStage.start({ redisUrl: redis.url, servers: ['node', 'deno'], env });
  const [dead, survivor] = stage.servers.map(idOf) as [string, string];
  const user = newUser();
  await Promise.all(Array.from({ length: CONNECTIONS }, () => stage.client(user, 0)));
  const raw = operator(redis.url);
  const former = await raw.hkeys(`ws:connections:instance:${dead}`);
  expect(former).toHaveLength(CONNECTIONS);
  const staying = await stage.client(newUser(), 1);

  stage.servers[0]?.signal('SIGKILL');
  await stage.servers[0]?.exited;
  // As if a minute had passed: the lease of the instance ends.
  await raw.pexpire(`ws:instances:${dead}`, 1);

  const left = async (): Promise<string[]> => {
    const members = await raw.zrange(`ws:connections:user:${user}`, '0', '-1');
    const ghosts = members.filter((member) => former.includes(member));
    const hashes = await keysNamed(raw, ['ws:connections:']);
    const leftHashes = hashes.filter((key) => former.includes(key.slice('ws:connections:'.length)));
    return [...ghosts, ...leftHashes, ...(await keysNamed(raw, [`instance:${dead}`]))];
  };
  await eventually('nothing of the dead instance is left', async () => (await left()).length === 0, {
    withinMs: 25_000,
  });
  expect(await raw.smembers('ws:instances')).toEqual([survivor]);
  // Clients that went on at the survivor, and those that were there, stand there still.
  await eventually(
    'everybody is back',
    async () => (await raw.zcard(`ws:connections:user:${user}`)) === CONNECTIONS,
  );
  expect(staying.connects).toBe(1);
});
