import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Accepted } from './fault-audit.ts';
import type { ReturningClient } from './fault-client.ts';
import { FaultStage, startFragileRedis } from './fault-stage.ts';
import type { RedisServer } from './redis-server.ts';
import { newUser } from './tokens.ts';

const EVENTS = 10;

/** A Redis that loses nothing, unless its files are put back to what they were. */
type CopiedRedis = {
  readonly redis: RedisServer;
  readonly saveCopy: () => void;
  readonly putCopyBack: () => void;
};

/** One user's stream on a Redis that can be rolled back; two clients have all of it, and one of them is away. */
export class RollbackStage {
  readonly saveCopy: () => void;
  readonly putCopyBack: () => void;
  readonly #redis: RedisServer;
  readonly #stage: FaultStage;
  readonly #user: string;
  readonly #away: ReturningClient;

  private constructor(copied: CopiedRedis, stage: FaultStage, at: { user: string; away: ReturningClient }) {
    this.saveCopy = copied.saveCopy;
    this.putCopyBack = copied.putCopyBack;
    this.#redis = copied.redis;
    this.#stage = stage;
    this.#user = at.user;
    this.#away = at.away;
  }

  static async start(): Promise<RollbackStage> {
    const copied = await startCopiedRedis();
    const stage = await FaultStage.start({ redisUrl: copied.redis.url, servers: ['node'] });
    const user = newUser();
    await stage.client(user);
    const rollback = new RollbackStage(copied, stage, { user, away: await stage.client(user) });
    await rollback.publish();
    await stage.settle(5_000);
    await rollback.#away.leave();
    return rollback;
  }

  /** Publishes ten events, which are accepted. */
  async publish(): Promise<void> {
    for (let count = 0; count < EVENTS; count++) await this.#stage.publisher.publish(this.#user);
  }

  /** Kills Redis, and starts it again after what is done `meanwhile`. */
  async restart(meanwhile: () => void = () => {}): Promise<void> {
    await this.#redis.kill('SIGKILL');
    meanwhile();
    await this.#redis.restart();
    await this.#stage.untilReady();
  }

  /**
   * The client that was away comes back. Gives, in order, the epochs whose events were accepted, and those whose events
   * this client was only told of, each with how many.
   *
   * @throws unless every client has, or was told of, every event
   */
  async comeBack(): Promise<{ accepted: [string, number][]; named: [string, number][] }> {
    this.#away.start();
    const { ledger } = this.#stage;
    await this.#stage.settle(5_000);
    const faults = ledger.faults();
    if (faults.length > 0) throw new Error(faults.join('\n'));
    return {
      accepted: countByEpoch(ledger.acceptedOf(this.#user)),
      named: countByEpoch(ledger.namedTo(this.#away.account)),
    };
  }
}

function countByEpoch(events: readonly Accepted[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { epoch } of events) counts.set(epoch, (counts.get(epoch) ?? 0) + 1);
  return [...counts];
}

async function startCopiedRedis(): Promise<CopiedRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'agentcast-aof-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const redis = await startFragileRedis({ dir, args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const [files, copy] = [join(dir, 'appendonlydir'), join(dir, 'copy')];
  return {
    redis,
    saveCopy: () => cpSync(files, copy, { recursive: true }),
    putCopyBack: () => {
      rmSync(files, { recursive: true });
      cpSync(copy, files, { recursive: true });
    },
  };
}
