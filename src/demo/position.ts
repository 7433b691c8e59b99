import type { Message } from './message-text.ts';

/** How far a reader got in its stream; what it has to say to go on there (contract §3). */
export type ReaderPosition = { readonly epoch: string; readonly sequenceId: number };

/** Whether an address asks for what is new only (`last_sequence_id=latest`), so that no replay tells where it begins. */
export const asksForLatest = (address: string): boolean =>
  new URL(address).searchParams.get('last_sequence_id') === 'latest';

/** Where a reader is after a message; the same position where the message does not move it. */
export function moved(position: ReaderPosition | null, message: Message): ReaderPosition | null {
  const { type, sequence_id: sequenceId, payload } = message;
  if (type === 'REPLAY_START') {
    return { epoch: String(payload.epoch), sequenceId: Number(payload.after_sequence_id) };
  }
  if (position === null) return null;
  if (type === 'REPLAY_END') return { ...position, sequenceId: Number(payload.sequence_id) };
  return sequenceId === undefined ? position : { ...position, sequenceId };
}

/** The end of the stream as CONNECTED names it: where a reader begins that gets no replay. */
export const positionOf = ({ payload }: Message): ReaderPosition => ({
  epoch: String(payload.epoch),
  sequenceId: Number(payload.sequence_id),
});

/** The address with the position in its query; what it had there stays where there is no position yet. */
export function addressAt(address: string, position: ReaderPosition | null): string {
  if (position === null) return address;
  const url = new URL(address);
  url.searchParams.set('last_sequence_id', String(position.sequenceId));
  url.searchParams.set('epoch', position.epoch);
  return url.href;
}
