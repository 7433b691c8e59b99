import { Clients } from './clients.ts';
import { type Dialect, OURS } from './dialects.ts';
import { KeepAlive } from './keep-alive.ts';
import type { Load } from './load.ts';
import { batchBody, publishRequest, WATCHED_USER } from './requests.ts';

export type DeliveringOptions = {
  readonly clients: number;
  readonly burst: number;
  /** Absent: ours. */
  readonly dialect?: Dialect;
};

/** Bursts that may be on their way at a time: the next is there when the server has done with one. */
const BURSTS_AHEAD = 2;
const ARRIVE_WITHIN_MS = 10_000;

/** Publishes bursts to one user, as fast as all of the user's clients get them; counts frames received by clients. */
export async function deliveringLoad(port: number, options: DeliveringOptions): Promise<Load> {
  const clients = new Clients();
  const { dialect = OURS } = options;
  await clients.connect(options.clients, { port, entry: await dialect.entry(WATCHED_USER) });
  const publishers = await Promise.all(Array.from({ length: BURSTS_AHEAD }, () => KeepAlive.open(port)));
  return new Delivering(clients, publishers, options.burst);
}

class Delivering implements Load {
  readonly #clients: Clients;
  readonly #publishers: readonly KeepAlive[];
  readonly #body: string;
  readonly #framesOfBurst: number;
  #expected = 0;

  constructor(clients: Clients, publishers: readonly KeepAlive[], burst: number) {
    this.#clients = clients;
    this.#publishers = publishers;
    this.#body = batchBody(Array.from({ length: burst }, () => WATCHED_USER));
    this.#framesOfBurst = burst * clients.count;
  }

  async run(ms: number): Promise<number> {
    const rest = stayAwake();
    try {
      return await this.#runUntil(performance.now() + ms);
    } finally {
      rest();
    }
  }

  async #runUntil(deadline: number): Promise<number> {
    const before = this.#clients.received;
    for (let turn = 0; performance.now() < deadline; turn++) {
      this.#expected += this.#framesOfBurst;
      const publisher = this.#publishers[turn % BURSTS_AHEAD];
      const accepted = publisher?.send(publishRequest(this.#body, { batch: true }));
      await Promise.all([accepted, this.#arrived(BURSTS_AHEAD - 1)]);
    }
    await this.#arrived(0);
    return this.#clients.received - before;
  }

  close(): void {
    this.#clients.close();
    for (const publisher of this.#publishers) publisher.close();
  }

  /** Resolves once all that was published has arrived, but for so many bursts; rejects when it does not come, or twice. */
  #arrived(butForBursts: number): Promise<void> {
    const clients = this.#clients;
    const wanted = this.#expected - butForBursts * this.#framesOfBurst;
    return new Promise((resolve, reject) => {
      const impatience = setTimeout(() => {
        reject(new Error(`${clients.received} of ${wanted} frames arrived, and no more for a while`));
      }, ARRIVE_WITHIN_MS);
      clients.heard = () => {
        if (clients.received < wanted) return;
        clearTimeout(impatience);
        if (clients.received <= this.#expected) resolve();
        else reject(new Error(`${clients.received} frames arrived, of ${this.#expected} that there are`));
      };
      clients.heard();
    });
  }
}

/** Who sleeps has to be woken, which the kernel does within the server's write and at its cost. Gives what ends it. */
function stayAwake(): () => void {
  let isAwake = true;
  const turn = (): void => {
    if (isAwake) setImmediate(turn);
  };
  turn();
  return () => {
    isAwake = false;
  };
}
