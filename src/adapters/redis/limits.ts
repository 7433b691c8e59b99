import type { Lease, LeaseRequest, Limits } from '../../core/ports/engine.ts';
import { BUCKET_MS, INSTANCE_COUNTED_MS, WISH_LIFE_MS } from '../../core/ports/engine.ts';
import { answered } from './answered.ts';
import type { CommandClient } from './client.ts';
import { keys } from './keys.ts';
import { runScript, scripts } from './scripts.ts';

/** One hash for each limit, and one script, so that a lease is one call. Time is Redis's own. */
export class RedisLimits implements Limits {
  readonly #redis: CommandClient;
  readonly #instanceId: string;

  constructor(redis: CommandClient, instanceId: string) {
    this.#redis = redis;
    this.#instanceId = instanceId;
  }

  async lease({ limit, rate, wanted, returned }: LeaseRequest): Promise<Lease> {
    const lives = [BUCKET_MS, WISH_LIFE_MS, INSTANCE_COUNTED_MS];
    const call = { keys: [keys.limit(limit)], args: [this.#instanceId, rate, wanted, returned, ...lives] };
    const answer = await answered(runScript(this.#redis, scripts.leaseTokens, call));
    const [granted, instances] = answer as [Buffer, number];
    return { granted: Number(granted.toString()), instances };
  }
}
