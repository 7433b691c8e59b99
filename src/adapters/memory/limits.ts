import type { Clock } from '../../core/ports/clock.ts';
import type { Lease, LeaseRequest, Limits } from '../../core/ports/engine.ts';
import { BUCKET_MS, INSTANCE_COUNTED_MS, WISH_LIFE_MS } from '../../core/ports/engine.ts';
import type { MemoryStore } from './store.ts';

/** An instance's part of a bucket: the tokens that are kept for it, up to its wish. */
type Share = { askedAt: number; kept: number; wish: number };

/** `pool` is anybody's; times are of `Clock.elapsed`. */
export type MemoryBucket = { at: number; pool: number; readonly shares: Map<string, Share> };

/** What `lease_tokens.lua` does, step by step. */
export class MemoryLimits implements Limits {
  readonly #store: MemoryStore;
  readonly #instanceId: string;
  readonly #clock: Clock;

  constructor(store: MemoryStore, { instanceId, clock }: { instanceId: string; clock: Clock }) {
    this.#store = store;
    this.#instanceId = instanceId;
    this.#clock = clock;
  }

  async lease({ limit, rate, wanted, returned }: LeaseRequest): Promise<Lease> {
    const now = this.#clock.elapsed();
    const capacity = (rate * BUCKET_MS) / 1000;
    const known = this.#store.buckets.get(limit);
    const bucket = known ?? { at: now, pool: capacity, shares: new Map<string, Share>() };
    this.#store.buckets.set(limit, bucket);
    dropIdle(bucket, now);
    pour(bucket, (rate * (now - bucket.at)) / 1000);
    bucket.at = now;
    bucket.pool += returned;
    spill(bucket, capacity);
    const share = bucket.shares.get(this.#instanceId) ?? { askedAt: now, kept: 0, wish: 0 };
    bucket.shares.set(this.#instanceId, share);
    const granted = draw(bucket, share, wanted);
    share.askedAt = now;
    share.wish = wanted;
    keepNoMoreThanWished(bucket, share);
    return { granted, instances: bucket.shares.size };
  }
}

function dropIdle(bucket: MemoryBucket, now: number): void {
  for (const [instanceId, share] of bucket.shares) {
    if (now - share.askedAt >= INSTANCE_COUNTED_MS) bucket.shares.delete(instanceId);
    if (now - share.askedAt < WISH_LIFE_MS) continue;
    share.wish = 0;
    keepNoMoreThanWished(bucket, share);
  }
}

/** New tokens rise in all wishes alike, as water does; what none has room for goes into the pool. */
function pour(bucket: MemoryBucket, tokens: number): void {
  const room = ({ wish, kept }: Share) => wish - kept;
  const unfilled = [...bucket.shares.values()].filter((share) => room(share) > 0);
  unfilled.sort((one, other) => room(one) - room(other));
  let left = tokens;
  for (const [index, share] of unfilled.entries()) {
    const part = Math.min(room(share), left / (unfilled.length - index));
    share.kept += part;
    left -= part;
  }
  bucket.pool += left;
}

/**
 * What the bucket does not hold leaves the pool first, then what is kept for those that let most lie. They get nothing
 * more before they ask: one that has died holds up nobody.
 */
function spill(bucket: MemoryBucket, capacity: number): void {
  const fullestFirst = [...bucket.shares.values()].sort((one, other) => other.kept - one.kept);
  const kept = fullestFirst.reduce((sum, share) => sum + share.kept, 0);
  let over = bucket.pool + kept - capacity;
  if (over <= 0) return;
  const fromPool = Math.min(over, bucket.pool);
  bucket.pool -= fromPool;
  over -= fromPool;
  for (const share of fullestFirst) {
    if (over <= 0) return;
    const part = Math.min(over, share.kept);
    share.kept -= part;
    share.wish = share.kept;
    over -= part;
  }
}

function draw(bucket: MemoryBucket, share: Share, wanted: number): number {
  const granted = Math.min(wanted, share.kept + bucket.pool);
  const fromKept = Math.min(granted, share.kept);
  share.kept -= fromKept;
  bucket.pool -= granted - fromKept;
  return granted;
}

function keepNoMoreThanWished(bucket: MemoryBucket, share: Share): void {
  const surplus = Math.max(0, share.kept - share.wish);
  share.kept -= surplus;
  bucket.pool += surplus;
}
