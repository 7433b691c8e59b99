import type { EventLine } from './event-lines.ts';
import { MAX_EVENTS_BYTES } from './event-lines.ts';

/** How many events one request may hold (contract §5). */
export const MAX_EVENTS = 500;

const IDLE = Symbol('idle');

/**
 * Puts events together to as few requests as the server's limits allow, in their order.
 *
 * @param idleMs how long a batch that has room waits for its next event; null: however long that takes, so that the same
 * input always makes the same batches
 */
export async function* batchesOf(
  events: AsyncIterable<EventLine>,
  idleMs: number | null,
): AsyncGenerator<readonly EventLine[]> {
  const iterator = events[Symbol.asyncIterator]();
  let batch: EventLine[] = [];
  let bytes = 0;
  const read = () => {
    const reading = iterator.next();
    // Who takes the batches may have left when it fails.
    reading.catch(() => {});
    return reading;
  };
  let next = read();
  for (;;) {
    const got = await (batch.length === 0 || idleMs === null ? next : beforeIdle(next, idleMs));
    const isFull =
      got !== IDLE &&
      !got.done &&
      (batch.length === MAX_EVENTS || bytes + got.value.bytes + 1 > MAX_EVENTS_BYTES);
    if (batch.length > 0 && (got === IDLE || got.done || isFull)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    if (got === IDLE) continue;
    if (got.done) return;
    batch.push(got.value);
    bytes += got.value.bytes + 1;
    next = read();
  }
}

/** What is there within the time, or the news that nothing was. */
async function beforeIdle<T>(coming: Promise<T>, idleMs: number): Promise<T | typeof IDLE> {
  let timer: NodeJS.Timeout | undefined;
  const idle = new Promise<typeof IDLE>((resolve) => {
    timer = setTimeout(resolve, idleMs, IDLE);
  });
  return await Promise.race([coming, idle]).finally(() => clearTimeout(timer));
}
