import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { refusedUpgrade } from '../support/dashboard-client.ts';
import type { ReturningClient } from '../support/fault-client.ts';
import { eventually, FaultStage, startFragileRedis } from '../support/fault-stage.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { newUser, tokenFor } from '../support/tokens.ts';

const EVENTS_A_SECOND = 60;
/** Some dozens of events: what had not reached the disk when the machine went down. */
const LOST_BYTES = 30_000;

test('G1, G3: Redis is killed while events are published, and comes back: refused meanwhile, then all goes on by itself', async () => {
  await killAndRestart(() => {});
});

test('G4: Redis comes back without its last accepted events: they are named, and all that is left is delivered', async () => {
  const { stage, away } = await killAndRestart(cutLog);
  const lost = stage.ledger.namedTo(away.account);
  expect(lost.length).toBeGreaterThan(0);
  expect(new Set(lost.map(({ epoch }) => epoch)).size).toBe(1);
});

/** Two live clients see an outage; a third was away before, and comes back after it. */
async function killAndRestart(meanwhile: (dir: string) => void) {
  const { dir, redis } = await startPersistentRedis();
  const stage = await FaultStage.start({
    redisUrl: redis.url,
    servers: ['node', 'node'],
    env: { WS_HEARTBEAT_INTERVAL: '500ms', WS_HEARTBEAT_TIMEOUT: '400ms' },
  });
  const user = newUser();
  const live = [await stage.client(user, 0), await stage.client(user, 1)];
  const away = await stage.client(user, 0);
  const accepted = () => stage.ledger.acceptedOf(user).length;
  const stop = stage.publisher.keepOn([user], EVENTS_A_SECOND);
  await eventually('some events are accepted', () => accepted() > 40);
  await away.leave();
  await eventually('more events are accepted', () => accepted() > 160);

  await redis.kill('SIGKILL');
  await expectOutage(stage, { user, live });
  meanwhile(dir);
  await redis.restart();
  const before = accepted();
  await stage.untilReady();
  await eventually('events are accepted again', () => accepted() > before + 60);
  away.start();
  await stop();
  await stage.settle(10_000);

  expect(stage.ledger.faults()).toEqual([]);
  expect(stage.publisher.wrongRefusals).toEqual([]);
  expect(live.map(({ connects }) => connects)).toEqual([1, 1]);
  expect(live.every(({ resyncs }) => resyncs > 0)).toBe(true);
  return { stage, away };
}

async function startPersistentRedis(): Promise<{ dir: string; redis: RedisServer }> {
  const dir = mkdtempSync(join(tmpdir(), 'agentcast-aof-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const redis = await startFragileRedis({ dir, args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] });
  return { dir, redis };
}

async function expectOutage(stage: FaultStage, { user, live }: { user: string; live: ReturningClient[] }) {
  const pings = live.map((client) => client.pings);
  await eventually('publishes are refused', () => stage.publisher.refused.length > 10);
  const token = await tokenFor(user);
  for (const [at, { wsUrl }] of stage.servers.entries()) {
    await eventually('the server is not ready', async () => !(await stage.isReady(at)), {
      withinMs: 2_000,
    });
    const refused = await refusedUpgrade(`${wsUrl}/ws/agents?token=${token}`);
    expect([refused.status, refused.body.type]).toEqual([503, 'urn:agentcast:problem:engine-unavailable']);
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  }
  await eventually('heartbeats go on', () => live.every((client, at) => client.pings > (pings[at] ?? 0) + 2));
  expect(live.map(({ isOpen }) => isOpen)).toEqual([true, true]);
}

/** Takes the end off the newest log file, as a machine does that goes down before it has written it. */
function cutLog(dir: string): void {
  const folder = join(dir, 'appendonlydir');
  const newest =
    readdirSync(folder)
      .filter((name) => name.endsWith('.incr.aof'))
      .sort()
      .at(-1) ?? '';
  const path = join(folder, newest);
  const { size } = statSync(path);
  expect(size).toBeGreaterThan(2 * LOST_BYTES);
  truncateSync(path, size - LOST_BYTES);
}
