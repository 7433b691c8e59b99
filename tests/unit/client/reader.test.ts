import { expect, test } from 'vitest';
import type { StreamItem } from '../../../src/client/events.ts';
import { Reader } from '../../../src/client/reader.ts';

const event = (sequenceId: number, epoch = 'A'): StreamItem => ({
  kind: 'other',
  type: 'NOTE',
  sequence_id: sequenceId,
  epoch,
  timestamp: '',
  delivery: 'live',
  payload: { agent_id: 'a-1' },
});
const progress = (step: number) =>
  ({
    kind: 'progress',
    type: 'PROGRESS_UPDATE',
    timestamp: '',
    payload: { current_step: step },
  }) as StreamItem;

const short = (item: StreamItem): string => {
  if (item.kind === 'progress') return `p${item.payload.current_step}`;
  return item.kind === 'gap' ? `gap ${item.from_sequence_id}-${item.to_sequence_id}` : `${item.sequence_id}`;
};

async function drain(reader: Reader): Promise<string[]> {
  reader.end(null);
  const items: string[] = [];
  for await (const item of reader) items.push(short(item));
  return items;
}

test('gives what comes in order, and waits for what has not come yet', async () => {
  const reader = new Reader(10, () => {});
  const waiting = [reader.next(), reader.next()];
  for (const id of [1, 2, 3]) reader.push(event(id));
  const got = await Promise.all([...waiting, reader.next()]);
  expect(got.map(({ value }) => value && short(value))).toEqual(['1', '2', '3']);
});

test('where there is no room, the oldest progress goes first, then newer events, which are named where they stood', async () => {
  const reader = new Reader(3, () => {});
  for (const item of [progress(1), event(1), progress(2)]) reader.push(item);
  reader.push(event(2));
  reader.push(event(3));
  reader.push(progress(3));
  for (const id of [4, 5, 6]) reader.push(event(id));
  expect((await reader.next()).value).toMatchObject({ sequence_id: 1 });
  expect((await reader.next()).value).toMatchObject({ sequence_id: 2 });
  reader.push(event(7));
  expect(await drain(reader)).toEqual(['3', 'gap 4-6', '7']);
});

test('it stays bounded however much comes', async () => {
  const reader = new Reader(3, () => {});
  for (let id = 1; id <= 10_000; id++) reader.push(event(id));
  expect(await drain(reader)).toEqual(['1', '2', '3', 'gap 4-10000']);
});

test('an end with an error comes behind what waits, once', async () => {
  const reader = new Reader(3, () => {});
  reader.push(event(1));
  reader.end(new Error('over'));
  expect((await reader.next()).value).toMatchObject({ sequence_id: 1 });
  await expect(reader.next()).rejects.toThrow('over');
  expect(await reader.next()).toEqual({ done: true, value: undefined });
});

test('who leaves a loop is not read for any more', async () => {
  let left = 0;
  const reader = new Reader(3, () => left++);
  reader.push(event(1));
  for await (const _ of reader) break;
  expect(left).toBe(1);
  expect((await reader.next()).done).toBe(true);
});
