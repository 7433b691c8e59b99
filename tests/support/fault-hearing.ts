import type { Place } from './fault-audit.ts';
import type { Account } from './fault-ledger.ts';

type Frame = { type: string; sequence_id?: number; payload: Record<string, unknown> };

/** What a client makes of what it hears, over all of its connections: its account, and the place where it goes on. */
export class Hearing {
  readonly account: Account;
  /** PINGs that it answered. */
  pings = 0;
  /** REPLAY_STARTs that it did not ask for by connecting. */
  resyncs = 0;
  #position: Place | null = null;
  #epoch = '';

  constructor(account: Account) {
    this.account = account;
  }

  /** The last place up to which it has everything; null before it has heard of its stream. */
  get position(): Place | null {
    return this.#position;
  }

  /** What it says when it comes back. */
  get query(): Record<string, string> {
    if (this.#position === null) return {};
    const { sequenceId, epoch } = this.#position;
    return { last_sequence_id: String(sequenceId), epoch };
  }

  /** Takes a message of the server, answers it where it is a PING, and gives it parsed. */
  hear(text: string, socket: { send(text: string): void }): Frame {
    const frame = JSON.parse(text) as Frame;
    const { type, sequence_id, payload } = frame;
    if (type === 'PING') {
      this.pings++;
      socket.send(JSON.stringify({ type: 'PONG', payload: {} }));
    } else if (type === 'REPLAY_START') this.#hearReplay(payload);
    else if (type === 'MESSAGES_DROPPED') {
      const [from, to] = [Number(payload.from_sequence_id), Number(payload.to_sequence_id)];
      this.account.entries.push({ kind: 'dropped', from, to });
    } else if (type === 'REPLAY_END') {
      const sequenceId = Number(payload.sequence_id);
      this.account.entries.push({ kind: 'replay_end', sequenceId });
      this.#reach(sequenceId);
    } else if (sequence_id !== undefined) {
      this.account.entries.push({ kind: 'event', mark: Number(payload.n), sequenceId: sequence_id });
      this.#reach(sequence_id);
    }
    return frame;
  }

  #hearReplay(payload: Record<string, unknown>): void {
    const missing = payload.missing as { from_sequence_id: number; to_sequence_id: number } | null;
    const after = Number(payload.after_sequence_id);
    if (payload.reason === 'resync') this.resyncs++;
    this.#epoch = String(payload.epoch);
    this.account.entries.push({
      kind: 'replay_start',
      epoch: this.#epoch,
      after,
      missing: missing && { from: missing.from_sequence_id, to: missing.to_sequence_id },
    });
    this.#reach(after);
  }

  #reach(sequenceId: number): void {
    this.#position = { epoch: this.#epoch, sequenceId };
  }
}
