import type { MemoryEngine } from '../../src/adapters/memory/engine.ts';
import type { Clock } from '../../src/core/ports/clock.ts';
import type {
  Engine,
  EventRecord,
  Handover,
  HandoverListener,
  ProbeResult,
  Streams,
} from '../../src/core/ports/engine.ts';
import { EngineUnavailable } from '../../src/core/ports/engine.ts';

type Asked =
  | 'claim'
  | 'append'
  | 'open'
  | 'read'
  | 'ends'
  | 'subscribe'
  | 'admit'
  | 'refresh'
  | 'lease'
  | 'announce'
  | 'dead'
  | 'probe';
type Gate = { readonly opened: Promise<void>; readonly open: () => void };

/** A memory engine over a network: it can be slow, be away, or lose an answer; and tests count what it was asked. */
export class FaultyEngine implements Engine {
  readonly streams: Streams;
  readonly handover: Handover;
  readonly registry: Engine['registry'];
  readonly orders: Engine['orders'];
  readonly limits: Engine['limits'];
  /** Every method that was asked, with what it was asked about. */
  readonly asked: { readonly what: Asked; readonly about: unknown }[] = [];
  /** Nothing gets through, in either direction. */
  isAway = false;
  /** What is asked takes effect, and the answer never comes. */
  losesAnswers: (what: Asked) => boolean = () => false;
  /** How long a question, an answer and a hand-over are on their way, in ms. */
  questionMs: (what: Asked) => number = () => 0;
  answerMs: (what: Asked) => number = () => 0;
  handoverMs: () => number = () => 0;
  /** Hand-overs that come once more, that much later, in ms. */
  doubles: (record: EventRecord) => number | null = () => null;
  readonly #inner: MemoryEngine;
  readonly #clock: Clock;
  readonly #gates = new Map<string, Gate>();
  #lastHandover = 0;

  constructor(inner: MemoryEngine, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
    const { streams, handover, registry } = inner;
    this.streams = {
      claim: (key, hash) => this.#ask('claim', key, () => streams.claim(key, hash)),
      append: (event, key) => this.#ask('append', event, () => streams.append(event, key)),
      open: (userId) => this.#ask('open', userId, () => streams.open(userId)),
      read: (userId, after) => this.#ask('read', { userId, after }, () => streams.read(userId, after)),
      ends: (userIds) => this.#ask('ends', userIds, () => streams.ends(userIds)),
    };
    this.handover = {
      listen: (listener) => handover.listen(this.#delayed(listener)),
      // In the order asked, as on one connection to an engine: only the answer takes its time.
      subscribe: (userId) => this.#ask('subscribe', userId, () => handover.subscribe(userId)),
      unsubscribe: (userId) => handover.unsubscribe(userId),
    };
    this.registry = {
      admit: (request) => this.#ask('admit', request, () => registry.admit(request)),
      giveBack: (request) => registry.giveBack(request),
      refresh: (entries) => this.#ask('refresh', entries, () => registry.refresh(entries)),
      remove: (connections) => registry.remove(connections),
      connection: (connectionId) => registry.connection(connectionId),
      connectionsOf: (userId) => registry.connectionsOf(userId),
      announce: (instance) => this.#ask('announce', instance, () => registry.announce(instance)),
      withdraw: (instanceId) => registry.withdraw(instanceId),
      instances: () => registry.instances(),
      dead: () => this.#ask('dead', null, () => registry.dead()),
      clear: (instanceId) => registry.clear(instanceId),
    };
    this.orders = inner.orders;
    this.limits = { lease: (request) => this.#ask('lease', request, () => inner.limits.lease(request)) };
  }

  connect = async (): Promise<void> => {};
  probe = (): Promise<ProbeResult> => this.#ask('probe', null, () => this.#inner.probe());
  unavailable = (): string | null => null;
  close = (): Promise<void> => this.#inner.close();

  /** What it was asked of one kind. */
  of(what: Asked): unknown[] {
    return this.asked.filter((one) => one.what === what).map(({ about }) => about);
  }

  /**
   * Holds questions of one kind on their way there, or their answers on the way back, until the function that it gives
   * is called.
   */
  hold(what: Asked, direction: 'question' | 'answer'): () => void {
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const name = `${what} ${direction}`;
    this.#gates.set(name, { opened, open });
    return () => {
      this.#gates.delete(name);
      open();
    };
  }

  async #ask<Answer>(what: Asked, about: unknown, run: () => Promise<Answer>): Promise<Answer> {
    this.asked.push({ what, about });
    const isOrdered = what === 'subscribe';
    if (!isOrdered) await this.#travel(`${what} question`, this.questionMs(what));
    if (this.isAway) throw new EngineUnavailable('the engine is away');
    const answer = await run();
    await this.#travel(`${what} answer`, this.answerMs(what));
    if (this.isAway || this.losesAnswers(what)) throw new EngineUnavailable('the answer was lost');
    return answer;
  }

  async #travel(gate: string, milliseconds: number): Promise<void> {
    await this.#gates.get(gate)?.opened;
    if (milliseconds > 0) await new Promise<void>((resolve) => this.#clock.after(milliseconds, resolve));
  }

  /** Hand-overs keep their order on the way; only a second copy may come behind later ones. */
  #delayed(listener: HandoverListener): HandoverListener {
    return {
      received: (userId, record) => {
        const now = this.#clock.elapsed();
        this.#lastHandover = Math.max(this.#lastHandover, now + this.handoverMs());
        const deliver = (): void => listener.received(userId, record);
        this.#later(this.#lastHandover - now, deliver);
        const again = this.doubles(record);
        if (again !== null) this.#later(this.#lastHandover - now + again, deliver);
      },
      interrupted: () => listener.interrupted(),
    };
  }

  #later(milliseconds: number, run: () => void): void {
    if (milliseconds > 0) this.#clock.after(milliseconds, run);
    else run();
  }
}
