import type { Filters } from '../../src/protocol/filters.ts';
import { NO_FILTERS } from '../../src/protocol/filters.ts';
import type { Frame } from '../support/fake-socket.ts';
import { FakeSocket, NEARLY_FULL } from '../support/fake-socket.ts';
import type { TestInstance } from '../support/test-instance.ts';
import type { Claim, Transcript } from './transcript.ts';

export type ClientOptions = {
  readonly user: string;
  readonly filters: Filters;
  /** null connects at the latest. */
  readonly resumed: Omit<Claim, 'at'> | null;
};

/** A dashboard: what it does, and the transcript of what it saw. */
export class Client {
  readonly transcript: Transcript;
  readonly user: string;
  /** Where it would resume. */
  epoch: string | null = null;
  sequenceId = 0;
  readonly #socket = new FakeSocket();
  readonly #instance: TestInstance;
  #state: 'connecting' | 'open' | 'gone' = 'connecting';
  #filters: Filters;
  #asked: number[] = [];

  constructor(instance: TestInstance, { user, filters, resumed }: ClientOptions) {
    this.#instance = instance;
    this.user = user;
    this.#filters = filters;
    this.epoch = resumed?.epoch ?? null;
    this.sequenceId = resumed?.sequenceId ?? 0;
    const claim = resumed === null ? null : { ...resumed, at: instance.clock.now() };
    this.transcript = { user, filters, resumed: claim, entries: [] };
    this.#socket.onFrame = (frame) => this.#read(frame);
    void this.#connect();
  }

  get isOpen(): boolean {
    return this.#state === 'open' && this.#socket.closedWith === null;
  }

  /** What the server closed with. */
  get closedWith(): number | null {
    return this.#socket.closedWith?.code ?? null;
  }

  leave(): void {
    if (this.#state === 'open') this.#socket.leave();
    this.#state = 'gone';
  }

  replay(claim: Omit<Claim, 'at'>): void {
    if (!this.#mayAsk()) return;
    this.#claim(claim);
    this.#says('REPLAY', { last_sequence_id: claim.sequenceId, epoch: claim.epoch });
  }

  subscribe(filters: Filters, claim: Omit<Claim, 'at'> | null): void {
    if (!this.#mayAsk()) return;
    this.#filter(filters);
    if (claim !== null) this.#claim(claim);
    this.#says('SUBSCRIBE', { ...filters, last_sequence_id: claim?.sequenceId, epoch: claim?.epoch });
  }

  unsubscribe(agent: string): void {
    if (!this.#mayAsk()) return;
    const agents = this.#filters.agent_ids;
    this.#filter({ ...this.#filters, agent_ids: agents?.filter((one) => one !== agent) ?? null });
    this.#says('UNSUBSCRIBE', { agent_ids: [agent] });
  }

  /** Reads nothing more by itself. */
  block(): void {
    this.#socket.block(NEARLY_FULL);
  }

  unblock(): void {
    this.#socket.unblock();
  }

  read(frames: number): void {
    for (let left = frames; left > 0; left--) this.#socket.take(1);
  }

  async #connect(): Promise<void> {
    const { user, filters, resumed } = this.transcript;
    const query = new URLSearchParams();
    query.set('last_sequence_id', resumed === null ? 'latest' : String(resumed.sequenceId));
    if (resumed !== null && resumed.epoch !== null) query.set('epoch', resumed.epoch);
    if (filters.agent_ids !== null) query.set('agent_ids', filters.agent_ids.join(','));
    const result = await this.#instance.apply({ user, query: query.toString() });
    const isWanted = this.#state === 'connecting';
    this.#state = 'gone';
    if (result.kind === 'refused') return;
    if (!isWanted) return result.acceptance.aborted();
    this.#state = 'open';
    this.#socket.open(result.acceptance.handlers);
  }

  /** Ten requests a second are allowed; refusals have tests of their own. */
  #mayAsk(): boolean {
    const now = this.#instance.clock.now();
    this.#asked = this.#asked.filter((at) => now - at < 1_000);
    if (!this.isOpen || this.#asked.length === 10) return false;
    this.#asked.push(now);
    return true;
  }

  #claim(claim: Omit<Claim, 'at'>): void {
    const at = this.#instance.clock.now();
    this.transcript.entries.push({ kind: 'claimed', claim: { ...claim, at } });
  }

  #filter(filters: Filters): void {
    this.#filters = filters;
    this.transcript.entries.push({ kind: 'filtered', filters });
  }

  #says(type: string, payload: object): void {
    this.#socket.says({ type, payload });
  }

  #read(frame: Frame): void {
    this.transcript.entries.push({ kind: 'read', at: this.#instance.clock.now(), frame });
    const { payload } = frame;
    if (frame.sequence_id !== undefined) this.sequenceId = frame.sequence_id;
    if (frame.type === 'CONNECTED' && this.transcript.resumed === null) {
      this.epoch = String(payload.epoch);
      this.sequenceId = Number(payload.sequence_id);
    }
    if (frame.type === 'REPLAY_START') {
      this.epoch = String(payload.epoch);
      this.sequenceId = Number(payload.after_sequence_id);
    }
    if (frame.type === 'MESSAGES_DROPPED') this.sequenceId = Number(payload.to_sequence_id);
    if (frame.type === 'REPLAY_END') this.sequenceId = Number(payload.sequence_id);
  }
}

/** Filters that let some agents through, or all. */
export const filtersFor = (agents: readonly string[] | null): Filters => ({
  ...NO_FILTERS,
  agent_ids: agents,
});
