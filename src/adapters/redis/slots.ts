import calculateSlot from 'cluster-key-slot';
import { Cluster } from 'ioredis';
import type { CommandClient } from './client.ts';

/** Parts what is to be written so that one script call may take each part: on one Redis all, in a cluster by slot. */
export function bySlot<Item extends { readonly key: string }>(
  redis: CommandClient,
  items: readonly Item[],
): (readonly Item[])[] {
  if (!(redis instanceof Cluster)) return items.length === 0 ? [] : [items];
  const slots = new Map<number, Item[]>();
  for (const item of items) {
    const slot = calculateSlot(item.key);
    const group = slots.get(slot);
    if (group === undefined) slots.set(slot, [item]);
    else group.push(item);
  }
  return [...slots.values()];
}
