import type { ServerFrame } from './dashboard-client.ts';

type Range = { readonly from_sequence_id: number; readonly to_sequence_id: number };

/**
 * The account of one client over all of its connections (contract G2, G3): every persisted event is delivered once, in
 * rising order, or named as missing or dropped before any later one.
 */
export class Ledger {
  /** What went against the guarantees; empty while all is well. */
  readonly faults: string[] = [];
  readonly #settled = new Set<number>();
  #epoch: string | null = null;
  #position = 0;

  /** Newest sequence id that was delivered or named: where the client resumes. */
  get position(): number {
    return this.#position;
  }

  /** Where to resume, as the query of the next connection. */
  get query(): Record<string, string> {
    const position = { last_sequence_id: String(this.#position) };
    return this.#epoch === null ? position : { ...position, epoch: this.#epoch };
  }

  /** Enters all frames of one connection. */
  enter(frames: readonly ServerFrame[]): void {
    for (const frame of frames) this.#enterFrame(frame);
  }

  #enterFrame({ type, sequence_id, payload }: ServerFrame): void {
    if (typeof payload.epoch === 'string') this.#epoch = payload.epoch;
    if (type === 'REPLAY_START') {
      if (payload.missing !== null) this.#name(payload.missing as Range);
      else if (payload.after_sequence_id !== this.#position)
        this.#fault(`a replay began after ${payload.after_sequence_id}`);
    } else if (type === 'MESSAGES_DROPPED') this.#name(payload as Range);
    else if (sequence_id !== undefined) this.#deliver(sequence_id);
  }

  #deliver(sequenceId: number): void {
    if (this.#settled.has(sequenceId)) this.#fault(`${sequenceId} came twice`);
    else if (sequenceId !== this.#position + 1) this.#fault(`${sequenceId} came`);
    this.#settle(sequenceId);
  }

  #name({ from_sequence_id, to_sequence_id }: Range): void {
    if (from_sequence_id > this.#position + 1) this.#fault(`${from_sequence_id} to ${to_sequence_id} named`);
    for (let id = from_sequence_id; id <= to_sequence_id; id++) this.#settle(id);
  }

  #settle(sequenceId: number): void {
    this.#settled.add(sequenceId);
    this.#position = Math.max(this.#position, sequenceId);
  }

  #fault(what: string): void {
    this.faults.push(`at ${this.#position}: ${what}`);
  }
}
