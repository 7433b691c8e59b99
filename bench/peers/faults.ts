import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Relay } from '../../tests/support/fault-relay.ts';
import { type RedisServer, startRedis } from '../../tests/support/redis-server.ts';
import { type Contestant, startContestant } from '../contestant.ts';
import { type Account, accountOf } from './account.ts';
import { enterAll, publishTasks, tasksUpTo } from './recovery.ts';
import { ReturningClient } from './returning-client.ts';
import type { Side } from './sides.ts';

const USER = 'user-of-all';
const CLIENTS = 50;
const TASKS = 100;
const EVERY_MS = 10;
const OUTAGE_MS = 1_000;
const TIMES_AWAY = 3;
const AWAY_MS = 150;
const SETTLE_MS = 500;
/** Who was not told by then was not told. */
const TOLD_WITHIN_MS = 15_000;

/** Two instances on one Redis; clients at the second, which reaches it through a relay; events come in at the first. */
type Stage = {
  readonly redis: RedisServer;
  readonly relay: Relay;
  readonly first: Contestant;
  readonly second: Contestant;
  readonly clients: readonly ReturningClient[];
};

export type Fault = {
  readonly name: string;
  /** Publishes all tasks, while it does what goes wrong. */
  strike(stage: Stage): Promise<void>;
};

const publishSlowly = ({ first }: Stage): Promise<void> =>
  publishTasks(first.port, { users: [USER], tasks: tasksUpTo(TASKS), everyMs: EVERY_MS });

const CUT: Fault = {
  name: 'the Redis link of the instance is cut for a second',
  async strike(stage) {
    stage.relay.switchTo(null);
    const back = pause(OUTAGE_MS).then(() => stage.relay.switchTo(stage.redis.port));
    await Promise.all([publishSlowly(stage), back]);
  },
};

const SILENT: Fault = {
  name: 'its Redis links go silent, and stay; new ones would work',
  async strike(stage) {
    stage.relay.silenceAll();
    await publishSlowly(stage);
  },
};

const RETURN: Fault = {
  name: 'clients lose their links and come back, thrice, while events come',
  async strike(stage) {
    const comeAndGo = stage.clients.map(async (client, index) => {
      await pause(index * EVERY_MS);
      for (let time = 0; time < TIMES_AWAY; time++) {
        await client.lose();
        await pause(AWAY_MS);
        await client.enter(stage.second.port);
      }
    });
    await Promise.all([publishSlowly(stage), ...comeAndGo]);
  },
};

const KILLED: Fault = {
  name: 'the instance is killed, its clients come to the other one',
  async strike(stage) {
    const gone = once(stage.second.process, 'exit');
    stage.second.process.kill('SIGKILL');
    await gone;
    await publishSlowly(stage);
    await Promise.all(stage.clients.map((client) => client.lose()));
    await enterAll(stage.clients, stage.first.port);
  },
};

export const FAULTS: readonly Fault[] = [RETURN, CUT, SILENT, KILLED];

/** What the clients were told, and of how much, after a fault. */
export async function strike(side: Side, fault: Fault): Promise<Account> {
  const redis = await startRedis();
  const relay = await Relay.start(redis.port);
  const [first, second] = await Promise.all([
    startContestant(side.instance(redis.url, 'first')),
    startContestant(side.instance(relay.url, 'second')),
  ]);
  const clients = Array.from({ length: CLIENTS }, () => new ReturningClient(USER, side.dialect));
  try {
    await enterAll(clients, second.port);
    await publishTasks(first.port, { users: [USER], tasks: [0] });
    await Promise.all(clients.map((client) => client.until(1, performance.now() + TOLD_WITHIN_MS)));
    await fault.strike({ redis, relay, first, second, clients });
    const deadline = performance.now() + TOLD_WITHIN_MS;
    await Promise.all(clients.map((client) => client.until(TASKS + 1, deadline)));
    await pause(SETTLE_MS);
    return accountOf(clients, TASKS + 1);
  } finally {
    await Promise.all(clients.map((client) => client.lose()));
    await Promise.all([first.stop(), second.stop()]);
    await relay.stop();
    await redis.stop();
  }
}
