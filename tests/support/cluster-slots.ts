import { setTimeout as pause } from 'node:timers/promises';
import calculateSlot from 'cluster-key-slot';
import { Redis } from 'ioredis';
import type { RedisCluster } from './redis-cluster.ts';

/** The nodes tell each other within this time, in ms; a slot that moves on before is lost between them. */
const TOLD_WITHIN_MS = 300;

/** Moves the slot of a user's keys to a master, the next one unless told otherwise, as resharding does. Gives where it was. */
export async function moveSlotOf(user: string, cluster: RedisCluster, to?: number): Promise<number> {
  const slot = calculateSlot(`{${user}}`);
  const masters = cluster.masters.map(({ url }) => new Redis(url));
  try {
    const ids = await Promise.all(masters.map((master) => master.cluster('MYID')));
    const from = await ownerOf(slot, masters, ids);
    const at = to ?? (from + 1) % masters.length;
    const [source, target, sourceId, targetId] = [masters[from], masters[at], ids[from], ids[at]];
    if (!source || !target || !sourceId || !targetId) throw new Error('there is no such master');
    await target.cluster('SETSLOT', slot, 'IMPORTING', sourceId);
    await source.cluster('SETSLOT', slot, 'MIGRATING', targetId);
    for (let keys = await source.cluster('GETKEYSINSLOT', slot, 100); keys.length > 0; ) {
      await source.migrate('127.0.0.1', cluster.masters[at]?.port ?? 0, '', 0, 5_000, 'KEYS', ...keys);
      keys = await source.cluster('GETKEYSINSLOT', slot, 100);
    }
    await target.cluster('SETSLOT', slot, 'NODE', targetId);
    await source.cluster('SETSLOT', slot, 'NODE', targetId);
    await pause(TOLD_WITHIN_MS);
    return from;
  } finally {
    for (const master of masters) master.disconnect();
  }
}

/** The number of the master that says itself that a slot is its own. */
async function ownerOf(slot: number, masters: readonly Redis[], ids: readonly string[]): Promise<number> {
  const views = await Promise.all(masters.map((master) => master.cluster('SLOTS')));
  return views.findIndex((ranges, at) =>
    ranges.some(([start, end, master]) => start <= slot && slot <= end && master?.[2] === ids[at]),
  );
}
